# shellcheck shell=bash
# Sourced by engines.sh: a cache outside the repository for slow builds, whose names contain their versions.

# Creates a directory or file of the cache if it is missing: COMMAND writes a temporary one, which is then renamed.
cached() { # PATH COMMAND…; COMMAND is called with a path of its own
  local path=$1 part
  shift
  [[ ! -e $path ]] || return 0
  mkdir -p "$(dirname "$path")"
  part=$path.part.$$
  rm -rf "$part"
  if "$@" "$part"; then
    mv -T "$part" "$path"
  else
    rm -rf "$part"
    return 1
  fi
}

# Runs a command and prints its output only if it fails.
quietly() { # LABEL COMMAND…
  local label=$1 log code=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || code=$?
  ((code == 0)) || { warn "$label failed, its output ends:" && tail -n 15 "$log" >&2; }
  rm -f "$log"
  return "$code"
}
