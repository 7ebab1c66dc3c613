# shellcheck shell=bash
# Sourced by engines.sh: which Debian packages are missing, and installing them.

podman_helper() {
  have "$1" || [[ -x /usr/libexec/podman/$1 || -x /usr/lib/podman/$1 ]]
}

static_busybox() {
  [[ -x /bin/busybox ]] && ! ldd /bin/busybox >/dev/null 2>&1
}

missing_docker_packages() {
  have dockerd || docker_version >/dev/null 2>&1 || echo docker.io
}

# By command and not by package: runc and podman may come from other vendors' packages.
missing_podman_packages() {
  local name
  for name in podman buildah slirp4netns fuse-overlayfs iptables runc; do
    have "$name" || echo "$name"
  done
  have newuidmap || echo uidmap
  for name in netavark aardvark-dns catatonit; do
    podman_helper "$name" || echo "$name"
  done
}

missing_busybox_packages() {
  static_busybox || echo busybox-static
}

# Tests reach engines over SSH, with a server of their own.
missing_ssh_packages() {
  have sshd || echo openssh-server
  have ssh || echo openssh-client
}

# On a machine without systemd nothing makes it, and sshd does not start without.
ensure_sshd_directory() {
  ! am_root || ! have sshd || [[ -d /run/sshd ]] || install -d -m 0755 /run/sshd
}

# The registry of the tests, and how its passwords are made.
missing_registry_packages() {
  have docker-registry || echo docker-registry
  have htpasswd || echo apache2-utils
  have openssl || echo openssl
}

# What the layouts and archives that are written here are read with, by others.
missing_judge_packages() {
  local name
  for name in skopeo umoci; do
    have "$name" || echo "$name"
  done
}

apt_quiet() {
  local log code=0
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=120 "$@" </dev/null >"$log" 2>&1 || code=$?
  [[ $code -eq 0 ]] || { warn "apt-get $1 failed, its output ends:" && tail -n 15 "$log" >&2; }
  rm -f "$log"
  return "$code"
}

# --no-remove: on a machine with Docker's own packages, apt would trade containerd.io for runc.
install_group() {
  local name packages=()
  for name in "$@"; do
    if [[ -n $(apt-cache madison "$name" 2>/dev/null) ]]; then
      packages+=("$name")
    else
      warn "packages: this distribution has no $name"
    fi
  done
  [[ ${#packages[@]} -gt 0 ]] || return 0
  say "packages: installing ${packages[*]}"
  apt_quiet install --no-install-recommends --no-remove "${packages[@]}" ||
    warn "packages: not installed: ${packages[*]}"
}

explain_missing_packages() {
  if have apt-get; then
    warn "packages: missing; as root: apt-get install --no-install-recommends $*"
  else
    warn "packages: missing here, by their Debian names: $*"
    warn "packages: see https://docs.docker.com/engine/install or https://podman.io/docs/installation"
  fi
}

# Groups are installed one by one, so that one conflict does not keep out the rest.
install_missing_packages() { # MODE: install or look
  local docker podman busybox ssh registry judges
  [[ $(uname -s) == Linux ]] || return 0
  docker=$(missing_docker_packages)
  podman=$(missing_podman_packages)
  busybox=$(missing_busybox_packages)
  ssh=$(missing_ssh_packages)
  registry=$(missing_registry_packages)
  judges=$(missing_judge_packages)
  # The names come one per line and are wanted as words.
  # shellcheck disable=SC2086
  set -- "$1" $docker $podman $busybox $ssh $registry $judges
  if [[ $# -eq 1 ]]; then
    say "packages: all present"
  elif [[ $1 == look ]] || ! am_root || ! have apt-get; then
    shift
    explain_missing_packages "$@"
    return 1
  else
    shift
    say "packages: missing: $*"
    apt_quiet update || warn "packages: going on with the package lists at hand"
    # shellcheck disable=SC2086
    {
      install_group $docker; install_group $podman; install_group $busybox; install_group $ssh; install_group $registry;
      install_group $judges
    }
  fi
}
