#!/usr/bin/env bash
# All checks and all tests. `scripts/test.sh --help` says more.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  cat <<'USAGE'
usage: scripts/test.sh [--check] [--unit] [--integration]

  --check         types, lint, package edges, doc examples, packages, and the tests of the scripts
  --unit          the unit tests on Node 20, 22 and 24
  --integration   the integration tests on Docker, Podman as root and Podman as an ordinary user;
                  run by an ordinary user: on those of the engines that answer this user

Without an option: all three. The last line counts the tests; a step that is not a test counts as one if it fails.
USAGE
}

check=0 unit=0 integration=0
for option in "$@"; do
  case $option in
    --check) check=1 ;;
    --unit) unit=1 ;;
    --integration) integration=1 ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
((check + unit + integration > 0)) || check=1 unit=1 integration=1

scratch=$(mktemp -d)
copy=
trap 'rm -rf "$scratch" ${copy:+"$copy"}' EXIT
export OCIMAN_TEST_RESULTS=$scratch

summary=()
reports=() # of the runs of vitest; one that is missing at the end counts as a failed test
failed_runs=0
failed_steps=0

run() { # NAME COMMAND…
  local name=$1 started=$SECONDS code=0 line
  shift
  printf '\n=== %s\n' "$name"
  "$@" || code=$?
  if ((code == 0)); then line="ok     $name"; else line="FAILED $name"; fi
  summary+=("$line, $((SECONDS - started)) s")
  printf '%s, %s s\n' "$line" "$((SECONDS - started))"
  return "$code"
}

step() { # NAME COMMAND…
  run "$@" || { failed_steps=$((failed_steps + 1)) && return 1; }
}

tests() { # NAME REPORTS COMMAND…
  local name=$1 report written=()
  for report in $2; do written+=("$scratch/$report.json"); done
  reports+=("${written[@]}")
  shift 2
  run "$name" "$@" && return
  node scripts/counts.mjs --failures "${written[@]}"
  failed_runs=$((failed_runs + 1))
  return 1
}

install_packages() {
  # The last file that npm writes.
  if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
    npm ci --no-audit --no-fund --loglevel=error
  else
    echo "npm packages are there"
  fi
}

vitest=(node node_modules/vitest/vitest.mjs run --allowOnly=false --reporter=default --reporter=json)

vitest() { # PROJECT REPORT
  timeout --kill-after=10 900 "${vitest[@]}" "--project=$1" "--outputFile.json=$scratch/$2.json"
}

start_engines() {
  scripts/engines.sh && scripts/engines.sh status && return
  cat >&2 <<'WHY'
Not every engine works here, and integration tests are not skipped: the lines above say which one and why.
As root on Debian, scripts/engines.sh installs and starts what is missing.
`scripts/test.sh --check --unit` runs everything that needs no engine.
WHY
  return 1
}

# The checkout may lie where an ordinary user can read nothing, and vitest writes beside what it runs.
copy_for_ordinary_user() {
  local owner
  # shellcheck disable=SC2016 # for the inner shell
  owner=$(cd / && "$OLDPWD/scripts/engines.sh" rootless -- sh -c 'echo "$(id -u):$(id -g)"') || return 1
  copy=$(mktemp -d /tmp/ociman-test.XXXXXX) && chmod 755 "$copy" || return 1
  tar -c --exclude=./node_modules --exclude=./.git --exclude=dist --exclude=./docs/api . | tar -x -C "$copy" || return 1
  cp -al node_modules "$copy/" 2>/dev/null || { rm -rf "$copy/node_modules" && cp -a node_modules "$copy/"; } || return 1
  rm -rf "$copy"/node_modules/{.vite,.vite-temp,.vitest,.cache}
  # Not the files below node_modules: a hard link has the owner of the original.
  find "$copy" -path "$copy/node_modules/*" -prune -o -exec chown -h "$owner" {} +
}

# The tests of one engine, in a temporary directory of their own: what they leave there is not what others are using.
integration() { # ENGINE
  local temporary=$scratch/tmp-$1
  mkdir -p "$temporary" && TMPDIR=$temporary OCIMAN_TEST_ENGINES=$1 vitest integration "integration-$1"
}

integration_as_ordinary_user() {
  local code=0
  mkdir -m 1777 "$copy/tmp"
  (cd "$copy" && timeout --kill-after=10 900 scripts/engines.sh rootless -- \
    env TMPDIR="$copy/tmp" OCIMAN_TEST_ENGINES=podman-rootless \
    "${vitest[@]}" --project=integration --outputFile.json=rootless.json) || code=$?
  cp "$copy/rootless.json" "$scratch/integration-podman-rootless.json" || code=1
  return "$code"
}

# The tests of Docker run beside those of Podman, and each says what it has to say when it has ended. Podman as root and
# as an ordinary user take turns: a machine that is too busy shows the races of Podman 4.3 with its own clean-up processes.
integration_as_root() {
  local engine
  local -A running=()
  step "engines" start_engines || return
  step "copy for the ordinary user" copy_for_ordinary_user || return
  in_background docker integration docker
  in_background podman integration podman
  wait "${running[podman]}" || true
  in_background podman-rootless integration_as_ordinary_user
  for engine in podman podman-rootless docker; do
    tests "integration tests on $engine" "integration-$engine" ended "${running[$engine]}" "$scratch/integration-$engine.log"
  done
}

in_background() { # ENGINE COMMAND…
  local engine=$1
  shift
  "$@" >"$scratch/integration-$engine.log" 2>&1 &
  running[$engine]=$!
}

ended() { # PID LOG
  local code=0
  wait "$1" || code=$?
  cat "$2"
  return "$code"
}

integration_as_user() {
  local engines=() engine
  scripts/engines.sh status
  timeout 30 docker version >/dev/null 2>&1 && engines+=(docker)
  timeout 30 podman info >/dev/null 2>&1 && engines+=(podman-rootless)
  if [[ ${#engines[@]} -eq 0 ]]; then
    step "engines: none answers this user; start Docker or Podman" false
    return
  fi
  echo "Only root can run the tests on every engine; here: ${engines[*]}"
  for engine in "${engines[@]}"; do
    tests "integration tests on $engine" "integration-$engine" integration "$engine"
  done
}

main() {
  step "npm packages" install_packages || return
  if ((check)); then
    step "npm run check" node scripts/check.mjs
    tests "tests of the scripts" scripts vitest scripts scripts
  fi
  if ((unit)); then
    tests "unit tests on Node 20, 22 and 24" "unit-node-20 unit-node-22 unit-node-24" \
      node scripts/check-node-versions.mjs
  fi
  if ((integration)); then
    if ((EUID == 0)); then integration_as_root; else integration_as_user; fi
  fi
}

main
printf '\n=== summary, %s s\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
for report in ${reports[@]+"${reports[@]}"}; do
  printf '       %-22s %s\n' "$(basename "$report" .json)" "$(node scripts/counts.mjs "$report")"
done
node scripts/counts.mjs --failures ${reports[@]+"${reports[@]}"}
node scripts/counts.mjs --failed "$failed_steps" ${reports[@]+"${reports[@]}"}
((failed_steps + failed_runs == 0))
