# shellcheck shell=bash
# Sourced by engines.sh: check_docker looks, fix_docker starts the daemon.

readonly DOCKERD_LOG=/var/log/ociman-dockerd.log
readonly DOCKERD_DEADLINE=60

docker_version() { # [CLIENT]
  "${LIMITED[@]}" "${1:-docker}" version --format '{{.Server.Version}}'
}

check_docker() {
  local client engine='' clients=''
  have docker || { say "docker: no client on PATH" && return 1; }
  if docker --version 2>/dev/null | grep -qi podman; then
    say "docker: the command is Podman under another name" && return 1
  fi
  while read -r client; do
    if ! engine=$(docker_version "$client" 2>&1); then
      engine=$(last_line <<<"$engine")
      say "docker: $client gets no answer: ${engine:-none in $CHECK_DEADLINE s}"
      return 1
    fi
    clients+="${clients:+, }$client $("$client" --version | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)"
  done < <(docker_clients)
  say "docker: $engine running (clients: $clients)"
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

# After a kill the recorded process number may belong to somebody else by now;
# dockerd would refuse to start, or take that process for its containerd.
drop_stale_pid_files() {
  local containerd=/var/run/docker/containerd/containerd.pid
  runs_as /var/run/docker.pid dockerd || rm -f /var/run/docker.pid
  runs_as "$containerd" containerd || rm -f "$containerd"
}

wait_for_docker() { # PID of the daemon, if it is known
  local deadline=$((SECONDS + DOCKERD_DEADLINE))
  until "${LIMITED[@]}" docker info >/dev/null 2>&1; do
    if ((SECONDS >= deadline)) || ! kill -0 "${1:-$$}" 2>/dev/null; then
      warn "docker: the daemon does not answer; $DOCKERD_LOG ends:"
      tail -n 20 "$DOCKERD_LOG" >&2
      return 1
    fi
    sleep 0.1
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
  elif ! have dockerd; then
    warn "docker: no dockerd to start; see https://docs.docker.com/engine/install"
  else
    start_docker
    return
  fi
  return 1
}
