# shellcheck shell=bash
# Sourced by engines.sh: what takes long to make is kept outside the repository, under a name that has its version.

# Makes a directory or file of the cache unless it is there: COMMAND writes what is then renamed to it.
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

# Runs a command whose output matters only if it fails.
quietly() { # LABEL COMMAND…
  local label=$1 log code=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || code=$?
  ((code == 0)) || { warn "$label failed, its output ends:" && tail -n 15 "$log" >&2; }
  rm -f "$log"
  return "$code"
}
