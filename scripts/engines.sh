#!/usr/bin/env bash
# Brings up Docker, Podman as root and Podman as an ordinary user.
# `scripts/engines.sh help` says how.
set -euo pipefail

readonly CHECK_DEADLINE=30
readonly LOCK=/run/ociman-engines.lock
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/engines" && pwd)
readonly HERE

# An ordinary user's PATH on Debian leaves out dockerd, iptables and the like.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

usage() {
  cat <<'USAGE'
usage: scripts/engines.sh                            install and start what is missing
       scripts/engines.sh status                     only look; exit 1 if something is missing
       scripts/engines.sh rootless -- COMMAND [ARG…] run COMMAND as an ordinary user
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

# shellcheck source=scripts/engines/packages.sh
. "$HERE/packages.sh"
# shellcheck source=scripts/engines/ordinary-user.sh
. "$HERE/ordinary-user.sh"
# shellcheck source=scripts/engines/docker.sh
. "$HERE/docker.sh"
# shellcheck source=scripts/engines/podman.sh
. "$HERE/podman.sh"

engines() {
  echo docker
  if am_root; then echo rootful; fi
  echo rootless
}

check_all() { # DIR; leaves DIR/ENGINE.out and, where it works, DIR/ENGINE.ok
  local engine
  for engine in $(engines); do
    { if "check_$engine"; then : >"$1/$engine.ok"; fi; } >"$1/$engine.out" 2>&1 &
  done
  wait
  for engine in $(engines); do cat "$1/$engine.out"; done
}

status() { # DIR
  local engine missing=0
  install_missing_packages look || missing=1
  check_all "$1"
  for engine in $(engines); do [[ -e $1/$engine.ok ]] || missing=1; done
  return "$missing"
}

up() { # DIR
  local engine working=0
  install_missing_packages install || true
  ensure_sshd_directory
  check_all "$1"
  for engine in $(engines); do
    if [[ -e $1/$engine.ok ]] || { "fix_$engine" && "check_$engine"; }; then
      working=$((working + 1))
    fi
  done
  ((working > 0)) || { warn "no engine works on this machine" && return 1; }
}

rootless() {
  [[ ${1:-} != -- ]] || shift
  [[ $# -gt 0 ]] || { usage >&2 && exit 2; }
  am_root || exec "$@"
  user_exists || { warn "no user $ROOTLESS_USER yet; first run scripts/engines.sh" && exit 1; }
  ensure_runtime_dir
  exec_as_user "$@"
}

# The lock is closed for what runs under it: a daemon would keep it for ever.
locked() {
  if am_root && have flock; then
    { flock 9 && "$@" 9>&-; } 9>"$LOCK"
  else
    "$@"
  fi
}

with_scratch() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$@" "$scratch"
}

case ${1:-up} in
  up) locked with_scratch up ;;
  status) with_scratch status ;;
  rootless) shift && rootless "$@" ;;
  help | -h | --help) usage ;;
  *) usage >&2 && exit 2 ;;
esac
