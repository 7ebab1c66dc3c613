# shellcheck shell=bash
# Sourced by engines.sh: finds and installs missing Debian packages.

podman_helper() {
  have "$1" || [[ -x /usr/libexec/podman/$1 || -x /usr/lib/podman/$1 ]]
}

static_busybox() {
  [[ -x /bin/busybox ]] && ! ldd /bin/busybox >/dev/null 2>&1
}

in_distribution() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }

# From Debian 13 on, the client is a separate package.
missing_docker_packages() {
  if ! have dockerd && ! docker_version >/dev/null 2>&1; then
    echo docker.io
    have docker || ! in_distribution docker-cli || echo docker-cli
  elif ! have docker; then
    if in_distribution docker-cli; then echo docker-cli; else echo docker.io; fi
  fi
}

# The version of the installed package, or else of the distribution's.
podman_major() {
  { podman --version 2>/dev/null || apt-cache policy podman 2>/dev/null | grep Candidate; } | grep -oE '[0-9]+' | head -n 1
}

# Checks commands and not packages, since runc and podman may come from packages of other vendors.
missing_podman_packages() {
  local name
  for name in podman buildah slirp4netns fuse-overlayfs iptables runc; do
    have "$name" || echo "$name"
  done
  have newuidmap || echo uidmap
  for name in netavark aardvark-dns catatonit; do
    podman_helper "$name" || echo "$name"
  done
  # Podman 5 needs these for its networks.
  if [[ $(podman_major) -ge 5 ]]; then
    have nft || echo nftables
    have pasta || echo passt
  fi
}

# Tests run a static busybox in containers, reach engines over their own SSH server and Podman with Docker's client,
# create certificates and passwords, and read their output with other tools.
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

# sshd needs this directory, which only systemd creates.
ensure_sshd_directory() {
  ! am_root || ! have sshd || [[ -d /run/sshd ]] || install -d -m 0755 /run/sshd
}

# One group per line; groups are installed one by one, so that a conflict does not prevent the others.
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

# --no-remove: on a machine with Docker's own packages, apt would replace containerd.io by runc.
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
    # Word splitting is intended.
    # shellcheck disable=SC2086
    explain_missing_packages $missing
    return 1
  else
    say "packages: missing: $missing"
    apt_quiet update || warn "packages: going on with the package lists at hand"
    # Evaluates the names again, since some depend on the updated lists.
    while read -r group; do
      # shellcheck disable=SC2086
      [[ -z $group ]] || install_group $group
    done < <(missing_packages "$@")
  fi
}
