# shellcheck shell=bash
# Sourced by engines.sh: engines of other Debian releases, each release in its own root directory, in which this script
# starts them.

root_of() { # ENGINE; prints the release and the engine's name there
  case $1 in
    podman-5) echo trixie podman ;;
    podman-5-rootless) echo trixie podman-rootless ;;
    # The package versions of this release change.
    docker-28) echo sid docker ;;
    podman-sid) echo sid podman ;;
  esac
}

missing_debian_root_packages() {
  have debootstrap || echo debootstrap
  have slirp4netns || echo slirp4netns
}

# Makes the archive of a fresh root file system.
make_bare_root() { # RELEASE ARCHIVE
  local directory=$2.d code=0
  say "Debian $1: fetching a bare system"
  quietly "debootstrap $1" debootstrap --variant=minbase "$1" "$directory" &&
    tar -C "$directory" --numeric-owner --exclude='./var/cache/apt/archives/*.deb' -cf "$2" . || code=1
  rm -rf "$directory"
  return "$code"
}

bare_root() { # RELEASE
  cached "$CACHE/roots/$1.tar" make_bare_root "$1"
}

unpack_root() { # RELEASE DIRECTORY
  bare_root "$1" || return
  mkdir -p "$2"
  tar -C "$2" --numeric-owner -xpf "$CACHE/roots/$1.tar" || return
  # The root file system need not survive a crash of this machine.
  echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/ociman"
  # The package lists of this release may have expired, since mirrors lag behind.
  [[ $1 != sid ]] || echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/99-ociman"
}

# Copies the certificate files that environment variables name, since the variables are set inside too.
share_certificates() { # DIRECTORY; leaves the settings in CERTIFICATES
  local name
  CERTIFICATES=()
  for name in SSL_CERT_FILE NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE GIT_SSL_CAINFO; do
    if [[ -f ${!name:-} ]]; then
      install -D -m 0644 "${!name}" "$1/etc/ociman/$name.crt"
      CERTIFICATES+=("$name=/etc/ociman/$name.crt")
    fi
  done
}

# Runs in the root directory of a release, in separate namespaces; downloads are kept for the next root.
in_release() { # RELEASE DIRECTORY COMMAND…
  local release=$1 directory=$2
  shift 2
  unset "${!npm_@}" # Where npm runs this, its settings name files of this machine.
  mkdir -p "$CACHE/packages/$release/partial" "$CACHE/npm"
  share_certificates "$directory"
  # shellcheck disable=SC2034 # machine.sh
  BINDS=("$CACHE/packages/$release" /var/cache/apt/archives "$CACHE/npm" /root/.npm "$CHECKOUT" "$CHECKOUT")
  machine "$(basename "$directory")" "$directory" env HOME=/root ${CERTIFICATES[@]+"${CERTIFICATES[@]}"} "$@"
}

# Runs in a fresh root, which is removed afterwards.
fresh() { # RELEASE COMMAND…
  local release=$1 directory code=0
  shift
  am_root || { warn "only root can make a machine" && return 1; }
  mkdir -p "$CACHE/roots"
  directory=$(mktemp -d "$CACHE/roots/fresh.XXXXXX")
  if unpack_root "$release" "$directory"; then
    in_release "$release" "$directory" "$@" || code=$?
  else
    code=1
  fi
  rm -rf --one-file-system "$directory"
  return "$code"
}

# shellcheck disable=SC2016 # for the inner shell
readonly ENTER_ENGINE='
  if ! out=$("$1" up "$2" 2>&1); then printf "%s\n" "$out" >&2; exit 125; fi
  exec "$1" run "${@:2}"'

enter_root() { # ENGINE COMMAND…
  local engine=$1 release name
  read -r release name < <(root_of "$engine")
  shift
  in_release "$release" "$CACHE/roots/$release" bash -c "$ENTER_ENGINE" "$engine" "$SELF" "$name" -- "$@"
}

check_root() { # ENGINE
  local engine=$1 release name out
  read -r release name < <(root_of "$engine")
  if [[ ! -d $CACHE/roots/$release ]]; then
    say "$engine: no Debian $release here yet" && return 1
  elif ! out=$(enter_root "$engine" "$SELF" status "$name" 2>&1); then
    say "$engine: does not work: $(last_line <<<"$out")" && return 1
  fi
  say "$engine:$(last_line <<<"$out" | sed 's/^[^:]*://')"
}

fix_root() { # ENGINE
  local engine=$1 release name
  read -r release name < <(root_of "$engine")
  am_root || { warn "$engine: only root can run it" && return 1; }
  [[ -z $(missing_debian_root_packages) ]] ||
    { warn "$engine: missing: $(missing_debian_root_packages | paste -sd ' ')" && return 1; }
  if [[ ! -d $CACHE/roots/$release ]]; then
    cached "$CACHE/roots/$release" unpack_root "$release" || return
  fi
  say "$engine: installing what is missing in Debian $release"
  # shellcheck disable=SC2016 # for the inner shell
  quietly "$engine" in_release "$release" "$CACHE/roots/$release" \
    bash -c '"$1/scripts/node.sh" && "$1/scripts/engines.sh" up "$2"' "$engine" "$CHECKOUT" "$name"
}
