#!/usr/bin/env bash
# Runs all checks and all tests; see `scripts/test.sh --help`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  cat <<'USAGE'
usage: scripts/test.sh [--check] [--unit] [--integration]

  --check         types, lint, package edges, doc examples, packages, and the tests of the scripts
  --unit          the unit tests: all on Node 20, those that depend on Node.js on 22 and 24 too
  --integration   run by root: all integration tests on Docker 29 and on Podman 5 with and without root, and the contracts
                  of backends and registries on the engines of this machine;
                  run by an ordinary user: all integration tests on the engines that answer this user

Without an option: all three. Prints the ten slowest test files. The last line counts the tests; a failed step that is
not a test counts as a failed test. With CI set, fails unless each engine works; otherwise names and omits those that do
not.
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

scratch=$(mktemp -d /tmp/ociman-test-results.XXXXXX) # visible to the tests on fresh machines too
copy=
trap 'rm -rf "$scratch" ${copy:+"$copy"}' EXIT
export OCIMAN_TEST_RESULTS=$scratch

summary=()
reports=() # JSON reports of vitest; a missing one counts as a failed test
failed_runs=0
failed_steps=0
preparation=0

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

# Runs a preparation step, whose duration depends on caches and is reported separately.
prepare() { # NAME COMMAND…
  local started=$SECONDS code=0
  step "$@" || code=$?
  preparation=$((preparation + SECONDS - started))
  return "$code"
}

vitest() { # PROJECT REPORT
  node scripts/watched-vitest.mjs "$scratch/$2.json" "--project=$1"
}

readonly ENGINES=(docker-29 registry-3 podman-5 podman-5-rootless docker podman)

start_engines() {
  local engine
  scripts/engines.sh up "${ENGINES[@]}"
  if scripts/engines.sh status "${ENGINES[@]}"; then
    for engine in "${ENGINES[@]}"; do : >"$scratch/works-$engine"; done
  elif [[ -n ${CI:-} ]]; then
    echo "Not every engine works here, and CI requires all of them; see the messages above." >&2
    return 1
  else
    for engine in "${ENGINES[@]}"; do
      if scripts/engines.sh status "$engine" >/dev/null 2>&1; then : >"$scratch/works-$engine"; fi
    done
    echo "Tests run on the engines that work."
  fi
}

works() { [[ -e $scratch/works-$1 ]]; }

# An ordinary user may not be able to read the checkout, and vitest writes next to the tests.
copy_for_ordinary_user() { # ENGINE
  local owner
  # shellcheck disable=SC2016 # for the inner shell
  owner=$(cd / && "$OLDPWD/scripts/engines.sh" run "$1" -- sh -c 'echo "$(id -u):$(id -g)"') || return 1
  copy=$(mktemp -d /tmp/ociman-test.XXXXXX) && chmod 755 "$copy" || return 1
  tar -c --exclude=./node_modules --exclude=./.git --exclude=dist --exclude=./docs/api --exclude=./docs/site/node_modules --exclude=./docs/site/.pages . | tar -x -C "$copy" || return 1
  cp -al node_modules "$copy/" 2>/dev/null || { rm -rf "$copy/node_modules" && cp -a node_modules "$copy/"; } || return 1
  rm -rf "$copy"/node_modules/{.vite,.vite-temp,.vitest,.cache}
  mkdir -m 1777 "$copy/tmp"
  # Skips the files below node_modules, which are hard links and share the owner of the original.
  find "$copy" -path "$copy/node_modules/*" -prune -o -exec chown -h "$owner" {} +
}

# Runs the tests of one engine with its own temporary directory, so that leftover files belong to these tests.
integration() { # REPORT SUITES KIND ENGINE…
  local report=$1 suites=$2 kind=$3 temporary
  shift 3
  temporary=$(mktemp -d "/tmp/ociman-test-tmp.XXXXXX")
  TMPDIR=$temporary OCIMAN_TEST_ENGINES=$kind OCIMAN_TEST_SUITES=$suites \
    scripts/engines.sh run "$@" -- node scripts/watched-vitest.mjs "$scratch/$report.json" --project=integration
  local code=$?
  # Removes the cache of tsx, images that Podman could not load, and the empty directories of file locks.
  rm -rf "$temporary"/tsx-* "$temporary"/podman[0-9]*
  find "$temporary" -mindepth 1 -depth -type d -path '*/ociman-*' -empty -delete
  rmdir "$temporary" || { ls -lR "$temporary" && code=1; }
  return "$code"
}

integration_as_ordinary_user() { # REPORT ENGINE
  local code=0
  (cd "$copy" && TMPDIR="$copy/tmp" OCIMAN_TEST_ENGINES=podman-rootless OCIMAN_TEST_SUITES=all \
    scripts/engines.sh run "$2" -- node scripts/watched-vitest.mjs rootless.json --project=integration) || code=$?
  cp "$copy/rootless.json" "$scratch/$1.json" || code=1
  return "$code"
}

# Old engines run the contracts only, unless the newer one does not work.
suites_of() { # ENGINE NEWER
  if works "$2"; then echo contracts; else echo all; fi
}

# Runs the tests of Docker in sequence, parallel to those of Podman: tests mostly wait for their engine.
docker_lane() {
  if works docker-29; then in_turn docker-29 integration integration-docker-29 all docker docker-29 registry-3; fi
  if works docker; then in_turn docker integration integration-docker "$(suites_of docker docker-29)" docker docker; fi
  in_turn machines vitest machines machines
  # This lane is the shorter one.
  if ((unit)); then in_turn nodes node scripts/check-node-versions.mjs 22 24; fi
}

podman_lane() {
  if works podman-5; then in_turn podman-5 integration integration-podman-5 all podman podman-5; fi
  if works podman-5-rootless; then
    in_turn podman-5-rootless integration_as_ordinary_user integration-podman-5-rootless podman-5-rootless
  fi
  if works podman; then in_turn podman integration integration-podman "$(suites_of podman podman-5)" podman podman; fi
}

in_turn() { # ENGINE COMMAND…; stores its output and exit code
  local engine=$1 code=0 started=$SECONDS
  shift
  "$@" >"$scratch/$engine.log" 2>&1 || code=$?
  echo "tests ran for $((SECONDS - started)) s" >>"$scratch/$engine.log"
  echo "$code" >"$scratch/$engine.code"
}

replay() { # ENGINE; prints the stored output and returns the stored exit code
  cat "$scratch/$1.log"
  return "$(cat "$scratch/$1.code" 2>/dev/null || echo 1)"
}

integration_as_root() {
  local engine
  prepare "engines" start_engines || return
  if works podman-5-rootless; then
    prepare "copy for the ordinary user" copy_for_ordinary_user podman-5-rootless || return
  fi
  docker_lane & podman_lane & wait
  tests "tests on fresh machines" machines replay machines
  if ((unit)); then tests "unit tests on Node 22 and 24" "unit-node-22 unit-node-24" replay nodes; fi
  for engine in docker-29 podman-5 podman-5-rootless docker podman; do
    if works "$engine"; then tests "integration tests on $engine" "integration-$engine" replay "$engine"; fi
  done
}

integration_as_user() {
  local engines=() engine
  for engine in docker podman-rootless; do
    if scripts/engines.sh status "$engine"; then engines+=("$engine"); fi
  done
  if [[ ${#engines[@]} -eq 0 ]]; then
    step "engines: none answers this user; start Docker or Podman" false
    return
  fi
  echo "Only root can run the tests on every engine; here: ${engines[*]}"
  for engine in "${engines[@]}"; do
    tests "integration tests on $engine" "integration-$engine" integration "integration-$engine" all "$engine" "$engine"
  done
}

main() {
  prepare "npm packages" scripts/node.sh || return
  if ((check)); then
    step "npm run check" node scripts/check.mjs
    tests "tests of the scripts" scripts vitest scripts scripts
  fi
  if ((unit)); then
    if ((integration && EUID == 0)); then
      tests "unit tests on Node 20" unit-node-20 node scripts/check-node-versions.mjs 20.19.0
    else
      tests "unit tests on Node 20, 22 and 24" "unit-node-20 unit-node-22 unit-node-24" \
        node scripts/check-node-versions.mjs
    fi
  fi
  if ((integration)); then
    if ((EUID == 0)); then integration_as_root; else integration_as_user; fi
  fi
}

main
printf '\n=== summary, %s s, of these %s s of preparation\n' "$SECONDS" "$preparation"
printf '%s\n' "${summary[@]}"
for report in ${reports[@]+"${reports[@]}"}; do
  printf '       %-22s %s\n' "$(basename "$report" .json)" "$(node scripts/counts.mjs "$report")"
done
node scripts/counts.mjs --retries ${reports[@]+"${reports[@]}"} || failed_steps=$((failed_steps + 1))
node scripts/counts.mjs --slowest ${reports[@]+"${reports[@]}"}
node scripts/counts.mjs --failures ${reports[@]+"${reports[@]}"}
node scripts/counts.mjs --failed "$failed_steps" ${reports[@]+"${reports[@]}"}
((failed_steps + failed_runs == 0))
