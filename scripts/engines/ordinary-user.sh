# shellcheck shell=bash
# Sourced by engines.sh: the ordinary user as whom root runs rootless Podman.

readonly ROOTLESS_USER=ociman

user_exists() { id "$ROOTLESS_USER" >/dev/null 2>&1; }
user_home() { getent passwd "$ROOTLESS_USER" | cut -d: -f6; }
runtime_dir() { echo "/run/user/$(id -u "$ROOTLESS_USER")"; }

ensure_user() {
  user_exists && return
  say "user: creating $ROOTLESS_USER"
  useradd -m -s /bin/bash "$ROOTLESS_USER"
}

# useradd assigns ranges of ids only if these files exist.
ensure_sub_ids() { # FILE OPTION
  local file=$1 option=$2 first
  grep -qs "^$ROOTLESS_USER:" "$file" && return
  touch "$file"
  first=$(awk -F: 'BEGIN { id = 100000 } $2 + $3 > id { id = $2 + $3 } END { print id }' "$file")
  say "user: giving $ROOTLESS_USER the range $first-$((first + 65535)) in $file"
  usermod "$option" "$first-$((first + 65535))" "$ROOTLESS_USER"
}

runtime_dir_is_right() {
  [[ $(stat -c '%U %a' "$(runtime_dir)" 2>/dev/null) == "$ROOTLESS_USER 700" ]]
}

ensure_runtime_dir() {
  runtime_dir_is_right ||
    install -d -m 0700 -o "$ROOTLESS_USER" -g "$(id -g "$ROOTLESS_USER")" "$(runtime_dir)"
}

# Without a storage.conf, Podman 4 uses vfs for a new user, with a full copy per container.
# An existing store keeps its driver.
ensure_overlay_storage() {
  local home conf
  home=$(user_home)
  conf=$home/.config/containers/storage.conf
  [[ ! -e $conf && ! -e $home/.local/share/containers/storage ]] || return 0
  run_as_user unshare -rm mount -t overlay overlay -o lowerdir=/usr:/etc "$home" 2>/dev/null || return 0
  say "user: choosing overlay storage in $conf"
  # shellcheck disable=SC2016 # for the inner shell
  run_as_user sh -c 'mkdir -p "${1%/*}" && printf "[storage]\ndriver = \"overlay\"\n" >"$1"' sh "$conf"
}

# udev gives these devices mode 0666 on an ordinary machine.
ensure_device() { # NODE
  [[ -c $1 ]] || return 0
  run_as_user test -r "$1" -a -w "$1" && return
  say "user: opening $1 to everyone"
  chmod 0666 "$1"
}

set_up_user() {
  ensure_user &&
    ensure_sub_ids /etc/subuid --add-subuids &&
    ensure_sub_ids /etc/subgid --add-subgids &&
    ensure_runtime_dir &&
    ensure_overlay_storage &&
    ensure_device /dev/net/tun &&
    ensure_device /dev/fuse
}

# A directory of root on PATH would turn "no such command" into "permission denied".
# shellcheck disable=SC2016 # for the inner shell
readonly AS_USER='
  cd . 2>/dev/null || { echo "$USER may not enter $PWD" >&2; exit 126; }
  [ -w "${TMPDIR:-/tmp}" ] || unset TMPDIR
  path=
  IFS=:
  for dir in $PATH; do
    case ":$path:" in *":$dir:"*) continue ;; esac
    [ ! -x "$dir" ] || path=${path:+$path:}$dir
  done
  unset IFS
  PATH=$path
  exec "$@"'

# setpriv replaces this process, so signals and exit codes need no forwarding.
exec_as_user() {
  unset "${!XDG_@}" "${!DBUS_@}" DOCKER_HOST DOCKER_CONTEXT CONTAINER_HOST CONTAINER_CONNECTION
  HOME=$(user_home)
  XDG_RUNTIME_DIR=$(runtime_dir)
  export HOME XDG_RUNTIME_DIR USER=$ROOTLESS_USER LOGNAME=$ROOTLESS_USER SHELL=/bin/bash
  exec setpriv --reuid "$ROOTLESS_USER" --regid "$(id -g "$ROOTLESS_USER")" --init-groups --inh-caps=-all \
    -- /bin/sh -c "$AS_USER" sh "$@"
}

run_as_user() { (cd / && exec_as_user "$@"); }
