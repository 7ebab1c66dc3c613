# shellcheck shell=bash
# Sourced by engines.sh: CNCF Distribution 3, built from its Go module, as docker-registry on PATH.

readonly REGISTRY_3=3.1.2
readonly REGISTRY_3_TOOLS=$CACHE/registry-$REGISTRY_3

build_registry_3() { # DIR
  say "registry-3: building $REGISTRY_3 from its Go module, for a minute or two"
  GOBIN=$1 GOFLAGS=-modcacherw CGO_ENABLED=0 quietly "registry-3: go install" go install \
    -ldflags "-X github.com/distribution/distribution/v3/version.version=v$REGISTRY_3" \
    "github.com/distribution/distribution/v3/cmd/registry@v$REGISTRY_3" &&
    mv "$1/registry" "$1/docker-registry"
}

enter_registry_3() { PATH=$REGISTRY_3_TOOLS:$PATH "$@"; }

check_registry_3() {
  if [[ -x $REGISTRY_3_TOOLS/docker-registry ]]; then
    say "registry-3: $("$REGISTRY_3_TOOLS/docker-registry" --version | awk '{ print $NF }')"
  elif ! have go; then
    say "registry-3: missing: go (https://go.dev/doc/install)" && return 1
  else
    say "registry-3: not built yet" && return 1
  fi
}

fix_registry_3() { have go && cached "$REGISTRY_3_TOOLS" build_registry_3; }
