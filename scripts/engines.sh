#!/usr/bin/env bash
# Starts container engines and registries of this machine and, beside them, those of other releases.
# See `scripts/engines.sh help`.
set -euo pipefail

readonly CHECK_DEADLINE=30
readonly LOCK=/run/ociman-engines.lock
CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly CHECKOUT HERE=$CHECKOUT/scripts/engines SELF=$CHECKOUT/scripts/engines.sh

# The PATH of an ordinary user on Debian lacks the directories of dockerd and iptables.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

usage() {
  cat <<'USAGE'
usage: scripts/engines.sh [up [ENGINE…]]                install and start what is missing
       scripts/engines.sh status [ENGINE…]              only look; exit 1 if a named one, or one of the first three,
                                                        does not work
       scripts/engines.sh run ENGINE… -- COMMAND [ARG…] run COMMAND where these engines are the ones of the machine
       scripts/engines.sh fresh -- COMMAND [ARG…]       run COMMAND on a fresh, minimal Debian 13, which is then removed

engines:
  docker, podman, podman-rootless   those of this machine; the last one of an ordinary user. `up` means these
  docker-29                         Docker 29, built from its Go modules
  podman-5, podman-5-rootless       Podman of Debian 13
  registry-3                        CNCF Distribution 3, built from its Go module
  docker-28, podman-sid             those of Debian's unstable release
  all                               `up all`: all but the last two

All but the first three need root. What they are made of is kept in /var/cache/ociman, or in $OCIMAN_CACHE. They start
with the command that `run` runs, on a machine of their own (mounts, processes, network), and end with it.
USAGE
}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
am_root() { [[ $EUID -eq 0 ]]; }
last_line() { awk 'NF { line = $0 } END { print line }'; }

# An array and not a function, so that it can follow run_as_user.
LIMITED=(env)
if have timeout; then LIMITED=(timeout "$CHECK_DEADLINE"); fi
readonly LIMITED

for part in cache packages ordinary-user machine docker podman docker-29 registry-3 debian-roots; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done

own_engines() {
  echo docker
  if am_root; then echo podman; fi
  echo podman-rootless
}

other_engines() { printf '%s\n' docker-29 podman-5 podman-5-rootless registry-3; }

known_engines() {
  printf '%s\n' docker podman podman-rootless
  other_engines
  printf '%s\n' docker-28 podman-sid
}

check_known() { # ENGINE…
  local engine known
  known=$(known_engines | paste -sd ' ')
  for engine in "$@"; do
    [[ " $known " == *" $engine "* ]] || { warn "no engine is called $engine" && usage >&2 && exit 2; }
  done
}

# check ENGINE, fix ENGINE, enter ENGINE COMMAND…
each_engine() { # VERB ENGINE [ARG…]
  local verb=$1 engine=$2
  shift 2
  if [[ -n $(root_of "$engine") ]]; then
    "${verb}_root" "$engine" "$@"
  else
    "${verb}_${engine//-/_}" "$@"
  fi
}

check_all() { # DIR ENGINE…; leaves DIR/ENGINE.out and, where it works, DIR/ENGINE.ok
  local dir=$1 engine
  shift
  for engine in "$@"; do
    { if each_engine check "$engine"; then : >"$dir/$engine.ok"; fi; } >"$dir/$engine.out" 2>&1 &
  done
  wait
  for engine in "$@"; do cat "$dir/$engine.out"; done
}

status() { # DIR [ENGINE…]
  local dir=$1 engine missing=0 engines
  shift
  if [[ $# -gt 0 ]]; then
    engines=("$@")
  else
    mapfile -t engines < <(own_engines)
    set -- "${engines[@]}"
    mapfile -t engines < <(own_engines && other_engines)
  fi
  install_missing_packages look "${engines[@]}" || missing=1
  check_all "$dir" "${engines[@]}"
  for engine in "$@"; do [[ -e $dir/$engine.ok ]] || missing=1; done
  return "$missing"
}

up() { # DIR [ENGINE…]
  local dir=$1 engine working=0 engines
  shift
  mapfile -t engines < <(
    if [[ $# -eq 0 ]]; then own_engines; elif [[ $* == all ]]; then own_engines && other_engines; else printf '%s\n' "$@"; fi
  )
  install_missing_packages install "${engines[@]}" || true
  ensure_sshd_directory
  check_all "$dir" "${engines[@]}"
  for engine in "${engines[@]}"; do
    if [[ -e $dir/$engine.ok ]] || { each_engine fix "$engine" && each_engine check "$engine"; }; then
      working=$((working + 1))
    fi
  done
  ((working > 0)) || { warn "none of these engines works on this machine: ${engines[*]}" && return 1; }
}

# The last engine is the innermost: each runs this script for the rest.
run() { # ENGINE… -- COMMAND…
  local engine=${1:-}
  if [[ $engine == -- ]]; then
    shift
    [[ $# -gt 0 ]] || { usage >&2 && exit 2; }
    exec "$@"
  fi
  check_known "$engine"
  shift
  [[ $* == *"-- "* ]] || { usage >&2 && exit 2; }
  each_engine enter "$engine" "$SELF" run "$@"
}

# Closes the file descriptor of the lock for the command, since a daemon would keep it open.
locked() {
  if am_root && have flock; then
    { flock 9 && "$@" 9>&-; } 9>"$LOCK"
  else
    "$@"
  fi
}

with_scratch() { # COMMAND…; called with a directory
  local command=$1
  shift
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$command" "$scratch" "$@"
}

verb=${1:-up}
[[ $# -eq 0 ]] || shift
case $verb in
  up) [[ $* == all ]] || check_known "$@"; locked with_scratch up "$@" ;;
  status) check_known "$@"; with_scratch status "$@" ;;
  run) run "$@" ;;
  fresh) [[ ${1:-} != -- ]] || shift; fresh trixie "$@" ;;
  help | -h | --help) usage ;;
  *) usage >&2 && exit 2 ;;
esac
