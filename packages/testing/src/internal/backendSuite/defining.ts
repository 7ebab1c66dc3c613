import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as HealthCheck from "@ociman/containers/HealthCheck"
import * as Image from "@ociman/containers/Image"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { clientVariables, parseEnvironment, values } from "./executingInput.js"
import * as raw from "./raw.js"
import { eventually, type Suite } from "./support.js"

const processSettings = ({ idle, image, script, test }: Suite): void => {
  const output = (definition: Definition.Definition) => Effect.map(Container.run(definition), ({ stdout }) => stdout)

  test(
    "a container runs with the user, host name and working directory of its definition",
    Effect.gen(function*() {
      const look = script("id -u; id -g; hostname; pwd")
      const set = look.pipe(Definition.user("app"), Definition.hostname("web-1"), Definition.workingDirectory("/tmp"))
      assert.strictEqual(yield* output(set), "1234\n5678\nweb-1\n/tmp\n")
      assert.match(yield* output(Definition.user(look, "4321:8765")), /^4321\n8765\n/)
    })
  )

  test(
    "an entrypoint of several words precedes the command",
    Effect.gen(function*() {
      const entrypoint = Definition.entrypoint(idle, "sh", "-c", "printf '%s|' \"$0\" \"$@\"", "first word")
      assert.strictEqual(yield* output(Definition.command(entrypoint)), "first word|")
      const both = Definition.command(entrypoint, "second", "third  word", "")
      assert.strictEqual(yield* output(both), "first word|second|third  word||")
      assert.strictEqual(yield* output(Definition.append(both, "--last")), "first word|second|third  word||--last|")
      const cleared = idle.pipe(Definition.entrypoint(), Definition.command("echo", "cleared"))
      assert.strictEqual(yield* output(cleared), "cleared\n")
    })
  )

  test(
    "environment variables of a container have exactly their values",
    Effect.gen(function*() {
      const definition = Definition.command(Definition.env(idle, values), "/bin/cat", "/proc/self/environ")
      assert.deepInclude(parseEnvironment(yield* output(definition)), values)
    })
  )

  test(
    "variables with a meaning for the client reach the process and not the client",
    Effect.gen(function*() {
      const definition = Definition.command(Definition.env(idle, clientVariables), "/bin/cat", "/proc/self/environ")
      assert.deepInclude(parseEnvironment(yield* output(definition)), clientVariables)
    })
  )

  test(
    "a definition with a terminal gives the process one",
    Effect.gen(function*() {
      const { stderr, stdout } = yield* Container.run(Definition.tty(script("test -t 1 && echo yes; echo err >&2")))
      assert.deepStrictEqual([stdout, stderr], ["yes\r\nerr\r\n", ""])
    })
  )

  test(
    "an interactive container keeps standard input open without a writer",
    Effect.gen(function*() {
      const waiting = yield* Container.start(Definition.interactive(Definition.command(idle, "cat")))
      const ending = yield* Container.start(Definition.command(idle, "cat"))
      assert.strictEqual(yield* ending.wait, 0)
      assert.strictEqual((yield* waiting.state).status, "running")
    })
  )

  test(
    "the command of a container with an init is not process 1",
    Effect.gen(function*() {
      assert.strictEqual((yield* output(script("echo $$"))).trim(), "1")
      assert.notStrictEqual((yield* output(Definition.init(script("echo $$")))).trim(), "1")
    })
  )

  test(
    "run returns the output of a container whose log driver is none",
    Effect.gen(function*() {
      const silent = Definition.logDriver(script("echo heard"), "none")
      assert.strictEqual(yield* output(silent), "heard\n")
      const container = yield* Container.start(Definition.logDriver(idle, "none"))
      assert.strictEqual(raw.container(yield* container.inspect).HostConfig.LogConfig?.Type, "none")
    })
  )

  test(
    "a definition with the platform of its image runs",
    Effect.gen(function*() {
      const { architecture, os } = yield* Image.inspect(image)
      const definition = Definition.platform(script("echo here"), `${os}/${architecture}`)
      assert.strictEqual(yield* output(definition), "here\n")
    })
  )

  test(
    "raw flags reach the engine",
    Effect.gen(function*() {
      const definition = Definition.rawFlags(script("echo $RAW; pwd"), "--env", "RAW=as it is", "--workdir=/tmp")
      assert.strictEqual(yield* output(definition), "as it is\n/tmp\n")
    })
  )
}

const healthAndRestartPolicies = ({ idle, script, test }: Suite): void => {
  test(
    "a health check makes a container healthy, except on Podman without systemd",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const fs = yield* FileSystem.FileSystem
      const container = yield* Container.start(
        Definition.healthCheck(idle, HealthCheck.make("test -d /tmp", { interval: "1 second", retries: 2 }))
      )
      const info = yield* container.inspect
      const runs = engine.name === "docker" || (yield* fs.exists("/run/systemd/system"))
      const health = Effect.map(container.state, ({ health }) => Option.getOrElse(health, () => "none"))
      assert.include(["starting", ...runs ? ["healthy"] : []], yield* health)
      if (runs) yield* eventually(health, (health) => health === "healthy")
      const { Healthcheck } = raw.container(info).Config
      assert.include(Healthcheck?.Test?.join(" "), "test -d /tmp")
      assert.strictEqual(Healthcheck?.Interval, 1_000_000_000)
    })
  )

  test(
    "a container is restarted by its restart policy when its process fails",
    Effect.gen(function*() {
      const container = yield* Container.start(
        Definition.restartPolicy(script("echo run >>/runs; [ $(wc -l </runs) -ge 3 ] || exit 1"), "on-failure:5")
      )
      const { RestartPolicy } = raw.container(yield* container.inspect).HostConfig
      assert.deepStrictEqual([RestartPolicy?.Name, RestartPolicy?.MaximumRetryCount], ["on-failure", 5])
      const { exitCode } = yield* eventually(
        container.state,
        ({ exitCode, status }) => status === "exited" && exitCode === 0
      )
      assert.strictEqual(exitCode, 0)
    })
  )
}

/** @internal */
export const themes = [
  { name: "process settings", tests: processSettings },
  { name: "health and restart policies", tests: healthAndRestartPolicies }
] as const
