import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, EngineBackend } from "@ociman/containers"
import { FakeEngine } from "@ociman/testing"
import { Array as Arr, Effect, Fiber, Layer, Record, TestClock } from "effect"
import { everyOperation } from "../../containers/test/support/everyOperation.js"
import { ownTemporaryDirectory } from "./support/temporary.js"

const temporary = ownTemporaryDirectory()

type Name = keyof ReturnType<typeof everyOperation>

interface Operation {
  /** The command that misbehaves; other commands of the operation are answered as usual. */
  readonly command: string
  /** If true, parses the output of the client; otherwise its exit code is the result. Default: false. */
  readonly reads?: boolean
  /** If true, an exit code is a result and not a failure of the client. Default: false. */
  readonly passesExitCode?: boolean
  /** If true, has no time limit, since it follows something else. Default: false. */
  readonly endless?: boolean
  /** Outcomes that differ from the usual ones. */
  readonly but?: Partial<Readonly<Record<Outcome, string>>>
}

type Outcome = "nonsense" | "refused" | "complained" | "killed" | "gone"

const operations: Readonly<Record<Name, Operation>> = {
  "containers.create": { command: "container create", reads: true },
  "containers.start": { command: "container start" },
  "containers.startAttached": {
    command: "container start",
    passesExitCode: true,
    endless: true,
    // The fake engine reports that the container is running.
    but: { refused: "EngineFailed UnexpectedAnswer", complained: "EngineFailed UnexpectedAnswer" }
  },
  "containers.stop": { command: "container stop" },
  "containers.kill": { command: "container kill" },
  "containers.restart": { command: "container restart" },
  "containers.pause": { command: "container pause" },
  "containers.unpause": { command: "container unpause" },
  "containers.rename": { command: "container rename" },
  "containers.remove": { command: "container rm" },
  "containers.wait": { command: "container wait", reads: true, endless: true },
  "containers.inspect": { command: "container inspect", reads: true },
  "containers.list": { command: "container ls", reads: true },
  "containers.logs": { command: "container logs", endless: true },
  "exec.run": {
    command: "container exec",
    passesExitCode: true,
    endless: true,
    but: { complained: "ExecFailed Refused" }
  },
  "exec.executor": {
    command: "container exec",
    passesExitCode: true,
    endless: true,
    but: { killed: "SystemError Unknown", gone: "success" }
  },
  "containers.commit": { command: "container commit", reads: true },
  "files.copyInto": { command: "container cp" },
  "files.copyOutOf": { command: "container cp" },
  "containers.stats": { command: "container stats", reads: true },
  "containers.processes": { command: "container top", reads: true },
  "events.subscribe": { command: "events", reads: true, endless: true },
  "images.pull": { command: "image pull" },
  "images.push": { command: "image push" },
  "images.inspect": { command: "image inspect", reads: true },
  "images.history": { command: "image history", reads: true },
  "images.list": { command: "image ls", reads: true },
  "images.tag": { command: "image tag" },
  "images.remove": { command: "image rm" },
  "images.load": { command: "image load", reads: true },
  "images.save": { command: "image save" },
  "images.import": { command: "image import", reads: true },
  "images.prune": { command: "image prune" },
  "builds.build": { command: "build", reads: true, endless: true, but: { refused: "BuildFailed" } },
  "networks.create": { command: "network create" },
  "networks.inspect": { command: "network inspect", reads: true },
  "networks.list": { command: "network ls", reads: true },
  "networks.remove": { command: "network rm" },
  "networks.connect": { command: "network connect" },
  "networks.disconnect": { command: "network disconnect" },
  "volumes.create": { command: "volume create" },
  "volumes.inspect": { command: "volume inspect", reads: true },
  "volumes.list": { command: "volume ls", reads: true },
  "volumes.remove": { command: "volume rm" },
  "exec.resolveHost": {
    command: "container exec",
    endless: true,
    but: {
      nonsense: "HostNotResolved NoResolver",
      refused: "HostNotResolved NoResolver",
      complained: "ExecFailed Refused"
    }
  }
}

const on = (script: FakeEngine.Script) =>
  EngineBackend.layer.pipe(Layer.provideMerge(FakeEngine.layer(script)), Layer.provide(NodeContext.layer))

interface Described extends Operation {
  readonly title: string
  readonly name: Name
}

/** A list operation inspects the listed ids with a second command. */
const inspecting = (name: Name, command: string): Described => ({
  ...operations[name],
  name,
  title: `${name}, ${command}`,
  command
})

const all: ReadonlyArray<Described> = [
  ...Record.toEntries(operations).map(([name, operation]) => ({ ...operation, name, title: name })),
  inspecting("containers.list", "container inspect"),
  inspecting("images.list", "image inspect"),
  inspecting("networks.list", "network inspect"),
  inspecting("volumes.list", "volume inspect")
]

/** Inspections are tested apart, since other operations depend on their answers. */
const groups = [
  all.filter(({ command }) => command.endsWith(" inspect")),
  all.filter(({ command }) => !command.endsWith(" inspect"))
]

/** A backend on which the commands of the given operations misbehave. */
const misbehaving = (
  engine: FakeEngine.Script,
  operations: ReadonlyArray<Described>,
  steps: ReadonlyArray<FakeEngine.Step>
) =>
  on([...new Set(operations.map(({ command }) => command))].reduce(
    (script, command) => FakeEngine.on(script, command, steps),
    engine
  ))

interface Result {
  readonly title: string
  readonly outcome: string
  readonly message: string
}

const outcomeOf = ({ name, title }: Described): Effect.Effect<Result, never, Backend.Backend> =>
  Effect.flatMap(
    Backend.Backend,
    (backend): Effect.Effect<unknown, { readonly _tag: string; readonly message: string }> =>
      everyOperation(backend)[name]
  ).pipe(
    Effect.match({
      onFailure: (error) => ({
        title,
        outcome: `${error._tag}${"reason" in error ? ` ${String(error.reason)}` : ""}`,
        message: error.message
      }),
      onSuccess: () => ({ title, outcome: "success", message: "" })
    })
  )

const play = (engine: FakeEngine.Script, steps: ReadonlyArray<FakeEngine.Step>) =>
  Effect.map(
    Effect.forEach(groups, (operations) =>
      Effect.forEach(operations, outcomeOf, { concurrency: 4 }).pipe(
        Effect.provide(misbehaving(engine, operations, steps))
      )),
    (results) => results.flat()
  )

/** Compares all outcomes at once, so that a failed test shows every difference. */
const assertOutcomes = (
  results: ReadonlyArray<Result>,
  expected: (operation: Described) => string,
  mentioned: ReadonlyArray<string>
) => {
  deepStrictEqual(
    results.map(({ outcome, title }) => `${title}: ${outcome}`).sort(),
    all.map((operation) => `${operation.title}: ${expected(operation)}`).sort()
  )
  for (const { message, outcome, title } of results) {
    if (outcome === "success") continue
    assert.isBelow(message.length, 10_000, title)
    assert.isTrue(mentioned.some((text) => message.includes(text)), `${title}: ${message}`)
  }
}

const nonsense = ({ but, reads }: Operation) =>
  but?.nonsense ?? (reads === true ? "EngineFailed UnexpectedAnswer" : "success")

const refused = ({ but, passesExitCode }: Operation) =>
  but?.refused ?? (passesExitCode === true ? "success" : "EngineFailed Refused")

/** Expected outcomes of a message that begins with the prefix of Podman's client. */
const complained = (engine: FakeEngine.Script) => (operation: Operation) =>
  engine.engine === "podman" ? operation.but?.complained ?? refused(operation) : refused(operation)

describe.each([FakeEngine.docker, FakeEngine.podman])("every operation on $engine", (engine) => {
  for (
    const [title, text, mentioned] of [
      ["writes nonsense", "Segmentation fault, and more\nof it {]", ["Segmentation fault", "of it {]"]],
      ["writes bytes that are not text", Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a), ["\ufffd"]],
      ["stops in the middle of a JSON document", "[{\"Id\": \"4f", ["4f"]]
    ] as const
  ) {
    // A builder writes the image id to a file.
    const shown = [...mentioned, "did not say which image it has built"]

    it.live(`fails with a typed error if the client ${title}`, () =>
      Effect.gen(function*() {
        assertOutcomes(yield* play(engine, [FakeEngine.stdout(text)]), nonsense, shown)
      }), 30_000)

    it.live(`fails with a typed error if the client ${title}, slowly`, () =>
      Effect.gen(function*() {
        assertOutcomes(
          yield* play(engine, [FakeEngine.trickle(text, { piece: 3, every: "5 millis" })]),
          nonsense,
          shown
        )
      }), 30_000)
  }

  it.live.each([125, 126, 127])(
    "fails with a typed error if the client ends with exit code %d",
    (code) =>
      Effect.gen(function*() {
        const complaining = [FakeEngine.stderr("Error: the moon is full\n"), FakeEngine.exit(code)]
        assertOutcomes(yield* play(engine, complaining), complained(engine), ["the moon is full", "are unknown"])
        assertOutcomes(yield* play(engine, [FakeEngine.exit(code)]), refused, [
          `exit code ${code}`,
          "are unknown",
          "\"db\" has no address"
        ])
      }),
    30_000
  )

  it.live("fails with a typed error if the client is killed", () =>
    Effect.gen(function*() {
      assertOutcomes(
        yield* play(engine, [FakeEngine.stdout("[{"), FakeEngine.die()]),
        ({ but }) => but?.killed ?? "EngineFailed Refused",
        ["SIGKILL", "[{"]
      )
    }), 30_000)

  it.live("fails with BackendUnavailable if the engine stops between two commands", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(Backend.Backend, (backend) => backend.volumes.list([]))
      const results = yield* Effect.forEach(all, outcomeOf, { concurrency: 4 })
      // Only Docker is queried for the end of an executor's command.
      const gone = ({ but, name }: Described) =>
        engine.engine === "docker" && name === "exec.executor"
          ? "SystemError Unknown"
          : but?.gone ?? "BackendUnavailable"
      assertOutcomes(results, gone, ["the engine is gone", "are unknown"])
    }).pipe(Effect.provide(on(FakeEngine.on(engine, "volume ls", [FakeEngine.stopEngine])))), 30_000)

  it.live(
    "fails with a bounded message if the client writes megabytes to standard error",
    () =>
      Effect.gen(function*() {
        const results = yield* play(engine, [FakeEngine.flood("stderr", 3_000_000), FakeEngine.exit(125)])
        assertOutcomes(results, refused, ["nothing in particular", "are unknown"])
      }),
    60_000
  )

  it.effect("times out, or ends when interrupted, if the client hangs", () =>
    Effect.gen(function*() {
      for (const operations of groups) {
        yield* Effect.gen(function*() {
          const fibers = yield* Effect.forEach(operations, (operation) => Effect.fork(outcomeOf(operation)))
          const asked = (calls: ReadonlyArray<FakeEngine.Call>) =>
            calls.filter((call) => operations.some(({ command }) => call.arguments.join(" ").startsWith(command)))
          // Podman's clients sleep for a millisecond of the test clock.
          yield* FakeEngine.calls.pipe(
            Effect.zipLeft(TestClock.adjust("1 millis")),
            // Podman's tag and untag run one at a time.
            Effect.repeat({ until: (calls) => asked(calls).length >= operations.length - 1 })
          )
          yield* TestClock.adjust("1 hours")
          const results = Effect.forEach(
            Arr.zip(operations, fibers),
            ([{ endless, title }, fiber]) =>
              endless === true
                ? Effect.as(Fiber.interrupt(fiber), `${title}: interrupted`)
                : Effect.map(Fiber.join(fiber), ({ outcome }) => `${title}: ${outcome}`),
            { concurrency: "unbounded" }
          )
          // Ending a command inside the container takes further time of the test clock.
          const passing = Effect.forever(Effect.zipRight(TestClock.adjust("1 seconds"), Effect.yieldNow()))
          deepStrictEqual(
            yield* Effect.raceFirst(results, passing),
            operations.map(({ endless, title }) =>
              `${title}: ${endless === true ? "interrupted" : "EngineFailed TimedOut"}`
            )
          )
        }).pipe(Effect.provide(misbehaving(engine, operations, [FakeEngine.hang])))
      }
    }), 60_000)
})

/** One operation for each way of running a client. */
it.live.each(["containers.inspect", "exec.run", "files.copyInto", "files.copyOutOf", "containers.logs"] as const)(
  "100 MB of standard error are not kept in memory: %s",
  (name) =>
    Effect.gen(function*() {
      const operation: Described = { ...operations[name], name, title: name }
      const before = process.memoryUsage()
      const { outcome } = yield* outcomeOf(operation).pipe(
        Effect.provide(
          misbehaving(FakeEngine.docker, [operation], [FakeEngine.flood("stderr", 100_000_000), FakeEngine.exit(125)])
        )
      )
      strictEqual(outcome, refused(operation))
      const after = process.memoryUsage()
      assert.isBelow(after.heapUsed + after.external - before.heapUsed - before.external, 100_000_000)
    }),
  60_000
)

it.live(
  "a command fails if the engine cannot report its end, even if the client reports the failure late",
  () =>
    Effect.gen(function*() {
      const operation: Described = { ...operations["exec.executor"], name: "exec.executor", title: "executor" }
      strictEqual((yield* outcomeOf(operation)).outcome, "SystemError Unknown")
    }).pipe(Effect.provide(on(FakeEngine.on(FakeEngine.docker, "system dial-stdio", [
      FakeEngine.close("stdout"),
      FakeEngine.wait("100 millis"),
      FakeEngine.stderr("Cannot connect to the Docker daemon at unix:///var/run/docker.sock\n"),
      FakeEngine.exit(1)
    ])))),
  30_000
)

it("no client fault leaves a temporary file", () => {
  // The directory of the file locks is kept.
  deepStrictEqual(temporary.names().filter((name) => !/^ociman-(?:user|\d+)$/.test(name)), [])
})
