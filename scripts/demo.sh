#!/usr/bin/env bash
# Runs the demo: an Effect program that builds an image, runs it, sends requests to it, and removes everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
usage: scripts/demo.sh [--engine docker|podman|all]

Installs the npm packages if they are missing, makes sure that the engines run, and runs examples/main.ts
on Docker, on Podman or on both. Default: the engine that `EngineBackend.layer` picks.
USAGE
}

engines=()
while (($# > 0)); do
  case $1 in
    --engine)
      case ${2-} in
        docker | podman) engines=("$2") ;;
        all) engines=(docker podman) ;;
        *) usage >&2 && exit 2 ;;
      esac
      shift 2
      ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

scripts/node.sh
scripts/engines.sh

# Replaces this script by the program, so that the program receives an interrupt and can clean up.
exec node --conditions=@ociman/source --import tsx examples/main.ts "${engines[@]}"
