# shellcheck shell=bash
# Sourced by engines.sh: machine runs a command in its own mount, process and network namespaces, so that several engines
# of one kind are isolated and all processes of the command end with it. The network reaches the outside through
# slirp4netns. Two machines of the same name run one at a time.

readonly CACHE=${OCIMAN_CACHE:-/var/cache/ociman}

machine_tools_missing() {
  local name
  for name in unshare slirp4netns mkfifo; do have "$name" || echo "$name"; done
}

# Runs in the new namespaces. A chroot does not suffice for a new root: runc uses the root of the mount namespace.
# shellcheck disable=SC2016 # for the inner shell
readonly MACHINE_SETUP='
  set -euo pipefail
  root=$1
  shift
  read -r -n 1 -u 8 && exec 8<&-
  resolver=$(cat /etc/resolv.conf)
  if [[ $root != / ]]; then
    mount --bind "$root" "$root"
    for directory in /sys /dev /tmp; do
      mount --rbind "$directory" "$root$directory"
    done
    while [[ $1 != -- ]]; do
      mkdir -p "$root$2"
      [[ $root$2 -ef $1 ]] || mount --bind "$1" "$root$2"
      shift 2
    done
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/.outside"
    cd "$root"
    pivot_root . .outside
    umount -l /.outside
    rm -f /etc/resolv.conf
    printf "%s\n" "$resolver" >/etc/resolv.conf
  fi
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p -m 1777 /run/lock
  [[ $1 == -- ]] && shift
  if [[ -L /etc/resolv.conf ]]; then
    mkdir -p "$(dirname "$(readlink -m /etc/resolv.conf)")"
    printf "%s\n" "$resolver" >"$(readlink -m /etc/resolv.conf)"
  fi
  mount --make-rshared /
  cd "${MACHINE_DIRECTORY:-/}" 2>/dev/null || cd /
  # The first process of a process namespace must reap orphans, which most commands do not.
  exec unshare --pid --fork --kill-child --mount-proc bash -c "\"\$@\"; exit \$?" "$0" "$@"'

# Directories of this machine that are mounted in the new root, each followed by its path there.
BINDS=()

machine() { # NAME ROOT COMMAND…
  local name=$1 root=$2 fifo pid slirp code=0
  shift 2
  am_root || { warn "$name: only root can run it" && return 1; }
  mkdir -p /run/ociman
  exec 7>"/run/ociman/$name.lock"
  flock 7
  fifo=$(mktemp -u "/run/ociman/$name.XXXXXX")
  mkfifo "$fifo"
  MACHINE_DIRECTORY=$PWD unshare --mount --net --propagation private \
    bash -c "$MACHINE_SETUP" "$name" "$root" ${BINDS[@]+"${BINDS[@]}"} -- "$@" 8<>"$fifo" 7>&- <&0 &
  pid=$!
  # shellcheck disable=SC2064 # this process
  trap "kill -KILL $pid 2>/dev/null" EXIT
  while kill -0 "$pid" 2>/dev/null && [[ /proc/$pid/ns/net -ef /proc/self/ns/net ]]; do sleep 0.01; done
  slirp4netns --configure --enable-ipv6 --mtu=65520 --disable-host-loopback --ready-fd=8 "$pid" tap0 \
    8<>"$fifo" 7>&- >/dev/null 2>"$fifo.log" &
  slirp=$!
  wait "$pid" || code=$?
  kill "$slirp" 2>/dev/null || true
  wait "$slirp" 2>/dev/null || true
  rm -f "$fifo" "$fifo.log"
  trap - EXIT
  flock --unlock 7
  return "$code"
}
