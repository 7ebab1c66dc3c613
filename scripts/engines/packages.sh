# shellcheck shell=bash
# Sourced by engines.sh: which Debian packages are missing, and installing them.

podman_helper() {
  have "$1" || [[ -x /usr/libexec/podman/$1 || -x /usr/lib/podman/$1 ]]
}

static_busybox() {
  [[ -x /bin/busybox ]] && ! ldd /bin/busybox >/dev/null 2>&1
}

in_distribution() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }

# The client is a package of its own from Debian 13 on.
missing_docker_packages() {
  if ! have dockerd && ! docker_version >/dev/null 2>&1; then
    echo docker.io
    have docker || ! in_distribution docker-cli || echo docker-cli
  elif ! have docker; then
    if in_distribution docker-cli; then echo docker-cli; else echo docker.io; fi
  fi
}

# Of the one that is there, or else of the one that the distribution has.
podman_major() {
  { podman --version 2>/dev/null || apt-cache policy podman 2>/dev/null | grep Candidate; } | grep -oE '[0-9]+' | head -n 1
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
  # Podman has its networks by these since version 5.
  if [[ $(podman_major) -ge 5 ]]; then
    have nft || echo nftables
    have pasta || echo passt
  fi
}

# Tests run a static busybox in containers, reach engines over SSH by a server of their own and Podman by Docker's
# client, make certificates and passwords, and have what they write read by other tools.
missing_test_packages() {
  have docker || ! in_distribution docker-cli || echo docker-cli
  static_busybox || echo busybox-static
  have sshd || echo openssh-server
  have ssh || echo openssh-client
  have docker-registry || echo docker-registry
  have htpasswd || echo apache2-utils
  have openssl || echo openssl
  have ip || echo iproute2
  have ps || echo procps
  local name
  for name in skopeo umoci; do
    have "$name" || echo "$name"
  done
}

# On a machine without systemd nothing makes it, and sshd does not start without.
ensure_sshd_directory() {
  ! am_root || ! have sshd || [[ -d /run/sshd ]] || install -d -m 0755 /run/sshd
}

# A line for each group: groups are installed one by one, so that one conflict does not keep out the rest.
missing_packages() { # ENGINE…
  local engine
  for engine in "$@"; do
    if [[ -n $(root_of "$engine") ]]; then
      missing_debian_root_packages
    else
      case $engine in
        docker) missing_docker_packages ;;
        podman | podman-rootless) missing_podman_packages ;;
        docker-29) missing_docker_29_packages ;;
      esac
    fi | paste -sd ' '
  done | sort -u
  missing_test_packages | paste -sd ' '
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

install_missing_packages() { # MODE ENGINE…; install or look
  local mode=$1 missing group
  shift
  [[ $(uname -s) == Linux ]] || return 0
  missing=$(missing_packages "$@" | xargs)
  if [[ -z $missing ]]; then
    say "packages: all present"
  elif [[ $mode == look ]] || ! am_root || ! have apt-get; then
    # The names are wanted as words.
    # shellcheck disable=SC2086
    explain_missing_packages $missing
    return 1
  else
    say "packages: missing: $missing"
    apt_quiet update || warn "packages: going on with the package lists at hand"
    # Once more, since some names depend on the lists.
    while read -r group; do
      # shellcheck disable=SC2086
      [[ -z $group ]] || install_group $group
    done < <(missing_packages "$@")
  fi
}
