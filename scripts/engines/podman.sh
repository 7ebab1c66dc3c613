# shellcheck shell=bash
# Sourced by engines.sh: checks and fixes for Podman as root and as an ordinary user.

readonly PODMAN_DEFAULTS=/etc/containers/containers.conf.d/10-local.conf

probe_podman() { # LABEL ROOTLESS [AS…]
  local label=$1 rootless=$2 out
  shift 2
  have podman || { say "$label: no podman on PATH" && return 1; }
  ! needs_podman_defaults || { say "$label: this machine needs $PODMAN_DEFAULTS" && return 1; }
  if ! out=$("$@" "${LIMITED[@]}" sh -c "$(cat "$HERE/probe-podman.sh")"); then
    say "$label: does not work: $(last_line <<<"$out")"
  elif [[ $out != *" rootless=$rootless "* ]]; then
    say "$label: expected rootless=$rootless, but: $(last_line <<<"$out")"
  else
    out=$(grep -m 1 'rootless=' <<<"$out")
    say "$label: ${out/ rootless=$rootless/} works"
    return 0
  fi
  return 1
}

lacks_sys_resource() {
  local bounding
  bounding=$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)
  (((16#$bounding >> 24 & 1) == 0))
}

hybrid_cgroups() {
  [[ $(stat -fc %T /sys/fs/cgroup/unified 2>/dev/null) == cgroup2fs ]]
}

# Applied only on a machine that needs it; others keep their configuration. Without it, containers may start while build
# steps fail.
needs_podman_defaults() {
  am_root && { lacks_sys_resource || hybrid_cgroups; } && [[ ! -e $PODMAN_DEFAULTS ]]
}

write_podman_defaults() {
  lacks_sys_resource || hybrid_cgroups || return 1
  if [[ -e $PODMAN_DEFAULTS ]]; then
    cmp -s "$HERE/podman-defaults.conf" "$PODMAN_DEFAULTS" || warn "podman: leaving the existing $PODMAN_DEFAULTS alone"
    return 1
  fi
  say "podman: writing $PODMAN_DEFAULTS (no CAP_SYS_RESOURCE, or hybrid cgroups)"
  install -D -m 0644 "$HERE/podman-defaults.conf" "$PODMAN_DEFAULTS"
}

explain_podman() {
  have podman || warn "podman: see https://podman.io/docs/installation"
}

check_podman() { probe_podman podman false; }

fix_podman() { explain_podman && write_podman_defaults; }

enter_podman() { exec "$@"; }

check_podman_rootless() {
  if ! am_root; then
    probe_podman podman-rootless true
  elif ! user_exists; then
    say "podman-rootless: no user $ROOTLESS_USER" && return 1
  elif ! runtime_dir_is_right; then
    say "podman-rootless: no $(runtime_dir) of mode 0700 for $ROOTLESS_USER" && return 1
  else
    probe_podman "podman-rootless (user $ROOTLESS_USER)" true run_as_user
  fi
}

fix_podman_rootless() {
  explain_podman
  am_root && have podman && set_up_user || return 1
  ! needs_podman_defaults || write_podman_defaults
}

# For root, runs as the ordinary user.
enter_podman_rootless() {
  am_root || exec "$@"
  user_exists || { warn "no user $ROOTLESS_USER yet; first run scripts/engines.sh" && exit 1; }
  ensure_runtime_dir
  exec_as_user "$@"
}
