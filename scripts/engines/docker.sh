# shellcheck shell=bash
# Sourced by engines.sh: check_docker tests the daemon, fix_docker starts it.

readonly DOCKERD_LOG=${OCIMAN_DOCKERD_LOG:-/var/log/ociman-dockerd.log}
readonly DOCKERD_DEADLINE=60

docker_version() { # [CLIENT]
  "${LIMITED[@]}" "${1:-docker}" version --format '{{.Server.Version}}'
}

check_docker() {
  local client engine='' clients=''
  have docker || { say "docker: no client on PATH (a command \`docker\`, of Debian's package docker-cli or docker.io)" && return 1; }
  if docker --version 2>/dev/null | grep -qi podman; then
    say "docker: the command is Podman under another name" && return 1
  fi
  while read -r client; do
    if ! engine=$(docker_version "$client" 2>&1); then
      say "docker: $(why_no_answer "$client" "$engine")" && return 1
    fi
    clients+="${clients:+, }$client $("$client" --version | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)"
  done < <(docker_clients)
  say "docker: $engine running (clients: $clients)"
}

why_no_answer() { # CLIENT OUTPUT
  case $2 in
    '') echo "$1 gets no answer in $CHECK_DEADLINE s" ;;
    *"permission denied"*) echo "$1 has no permission to use the daemon's socket; root and the group docker have it" ;;
    *"Cannot connect"* | *"connection refused"*) echo "no daemon: $(last_line <<<"$2")" ;;
    *) echo "$1 fails: $(last_line <<<"$2")" ;;
  esac
}

# Every docker on PATH; /bin is often a link to /usr/bin.
docker_clients() {
  local client
  type -ap docker | while read -r client; do
    (cd "$(dirname "$client")" && printf '%s/docker\n' "$(pwd -P)")
  done | awk '!seen[$0]++'
}

runs_as() { # PIDFILE NAME
  [[ -r $1 && $(cat "/proc/$(cat "$1")/comm" 2>/dev/null) == "$2" ]]
}

# After a kill, the recorded process id may belong to another process;
# dockerd would refuse to start or mistake that process for its containerd.
drop_stale_pid_files() {
  local containerd=/var/run/docker/containerd/containerd.pid
  runs_as /var/run/docker.pid dockerd || rm -f /var/run/docker.pid
  runs_as "$containerd" containerd || rm -f "$containerd"
}

# The last line of the daemon's log with an error, or else its last line.
docker_log_end() {
  { grep -E 'level=(error|fatal)|^(failed|Error|panic)' "$DOCKERD_LOG" || cat "$DOCKERD_LOG"; } | last_line
}

wait_for_docker() { # PID of the daemon, if it is known
  local deadline=$((SECONDS + DOCKERD_DEADLINE)) out
  until out=$("${LIMITED[@]}" docker version 2>&1); do
    if ! kill -0 "${1:-$$}" 2>/dev/null; then
      warn "docker: the daemon ended: $(docker_log_end)"
    elif ((SECONDS >= deadline)); then
      warn "docker: the daemon runs, but after $DOCKERD_DEADLINE s $(why_no_answer docker "$out"); its log: $DOCKERD_LOG"
    else
      sleep 0.1
      continue
    fi
    return 1
  done
}

start_docker() {
  if [[ -d /run/systemd/system ]] && systemctl cat docker.service >/dev/null 2>&1; then
    say "docker: starting docker.service"
    systemctl start docker.service
  elif runs_as /var/run/docker.pid dockerd; then
    say "docker: waiting for dockerd, process $(cat /var/run/docker.pid)"
    wait_for_docker
  else
    drop_stale_pid_files
    say "docker: starting dockerd (log: $DOCKERD_LOG)"
    setsid nohup dockerd >>"$DOCKERD_LOG" 2>&1 </dev/null &
    wait_for_docker $!
  fi
}

fix_docker() {
  if [[ -n ${DOCKER_HOST:-}${DOCKER_CONTEXT:-} ]]; then
    warn "docker: not starting a daemon here, since DOCKER_HOST or DOCKER_CONTEXT points elsewhere"
  elif ! am_root; then
    warn "docker: ask root to start the daemon, or to add you to the group docker (which equals root)"
  elif ! have docker; then
    warn "docker: no client on PATH to reach a daemon with; see https://docs.docker.com/engine/install"
  elif ! have dockerd; then
    warn "docker: no dockerd to start; see https://docs.docker.com/engine/install"
  else
    start_docker
    return
  fi
  return 1
}

# The engine's own client comes first on PATH.
enter_docker() {
  local client engine
  engine=$(docker_version 2>/dev/null) || engine=
  while read -r client; do
    if [[ $("$client" --version 2>/dev/null) == *" ${engine%%.*}."* ]]; then
      PATH=$(dirname "$client"):$PATH
      break
    fi
  done < <(docker_clients)
  exec "$@"
}
