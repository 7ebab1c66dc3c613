# shellcheck shell=bash
# Sourced by engines.sh: Docker 29, built from its Go modules, in separate namespaces beside the engine of this machine.

readonly DOCKER_29=29.4.0
readonly DOCKER_29_TOOLS=$CACHE/docker-$DOCKER_29

missing_docker_29_tools() {
  have go || echo "go (https://go.dev/doc/install)"
  have gcc || echo gcc
  pkg-config --exists libseccomp 2>/dev/null || echo "libseccomp-dev, pkg-config"
  machine_tools_missing
}

missing_docker_29_packages() {
  have go || return 0
  have gcc || echo gcc
  have pkg-config || echo pkg-config
  pkg-config --exists libseccomp 2>/dev/null || echo libseccomp-dev
  have slirp4netns || echo slirp4netns
}

build_docker_29() { # DIR
  say "docker-29: building $DOCKER_29 from its Go modules, for some minutes"
  (
    export GOBIN=$1 GOFLAGS=-modcacherw CGO_ENABLED=0
    quietly "docker-29: go install" go install \
      -ldflags "-X github.com/moby/moby/v2/dockerversion.Version=$DOCKER_29" \
      github.com/moby/moby/v2/cmd/dockerd@v2.0.0-beta.24 &&
      quietly "docker-29: go install" go install github.com/moby/moby/v2/cmd/docker-proxy@v2.0.0-beta.24 &&
      quietly "docker-29: go install" go install \
        github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2}@v2.4.2 &&
      CGO_ENABLED=1 quietly "docker-29: go install" go install -tags seccomp github.com/opencontainers/runc@v1.5.3
  )
}

# Runs in the separate namespaces.
# shellcheck disable=SC2016 # for the inner shell
readonly DOCKER_29_INIT='
  set -euo pipefail
  PATH=$1:$PATH
  state=$2
  shift 2
  mkdir -p "$state" /var/lib/docker /run/sshd
  mount --bind "$state" /var/lib/docker
  unset DOCKER_HOST DOCKER_CONTEXT
  dockerd >"$state.log" 2>&1 </dev/null &
  until docker version >/dev/null 2>&1; do
    kill -0 $! 2>/dev/null || { echo "docker-29: the daemon ended: $(tail -n 1 "$state.log")" >&2 && exit 125; }
    sleep 0.1
  done
  "$@"'

enter_docker_29() {
  machine docker-29 / bash -c "$DOCKER_29_INIT" docker-29 "$DOCKER_29_TOOLS" "$CACHE/state/docker-29" "$@"
}

check_docker_29() {
  local out missing
  missing=$(missing_docker_29_tools | paste -sd ',' | sed 's/,/, /g')
  if [[ -n $missing ]]; then
    say "docker-29: missing: $missing"
  elif [[ ! -e $DOCKER_29_TOOLS ]]; then
    say "docker-29: not built yet"
  elif ! out=$(enter_docker_29 docker version --format '{{.Server.Version}} works (client: {{.Client.Version}})' 2>&1); then
    say "docker-29: does not work: $(last_line <<<"$out")"
  else
    say "docker-29: $out"
    return
  fi
  return 1
}

fix_docker_29() {
  am_root || { warn "docker-29: only root can run it" && return 1; }
  [[ -z $(missing_docker_29_tools) ]] || return 1
  cached "$DOCKER_29_TOOLS" build_docker_29
}
