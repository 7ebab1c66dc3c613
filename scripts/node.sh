#!/usr/bin/env bash
# Installs the npm packages, and before that Node.js and npm if they are missing or too old and the distribution of this
# machine has them in a sufficient version (as root only).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly OLDEST=20.19

have() { command -v "$1" >/dev/null 2>&1; }

new_enough() { # VERSION
  [[ -n $1 && $(printf '%s\n' "$OLDEST" "$1" | sort -V | head -n 1) == "$OLDEST" ]]
}

offered() { apt-cache policy nodejs 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }'; }

install_node() {
  local log candidate
  have apt-get && [[ $EUID -eq 0 ]] || return 1
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=120 update </dev/null >"$log" 2>&1 || tail -n 5 "$log" >&2
  candidate=$(offered)
  candidate=${candidate#*:}
  if new_enough "${candidate%%[-+~]*}"; then
    echo "node: installing Node.js ${candidate%%[-+~]*} and npm"
    apt-get -y -o DPkg::Lock::Timeout=120 install --no-install-recommends nodejs npm </dev/null >"$log" 2>&1 ||
      { tail -n 15 "$log" >&2 && return 1; }
  else
    return 1
  fi
  rm -f "$log"
}

version() { node --version 2>/dev/null | sed 's/^v//'; }

if ! new_enough "$(version)" || ! have npm; then
  install_node || {
    found=$(version)
    echo "Node.js $OLDEST or later and npm are needed${found:+, here is $found}: https://nodejs.org/en/download" >&2
    exit 1
  }
fi

# npm writes this file last.
if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
  echo "node: installing the npm packages"
  npm ci --no-audit --no-fund --loglevel=error
fi
