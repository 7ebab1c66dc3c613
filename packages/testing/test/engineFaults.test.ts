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
  /** The command that misbehaves; what else the operation asks is answered as ever. */
  readonly command: string
  /** Whether it reads what the client answers. Default: no, it takes the exit code for an answer. */
  readonly reads?: boolean
  /** Whether an exit code is a result, and not the engine's. Default: no. */
  readonly passesExitCode?: boolean
  /** Whether it takes as long as what it follows. Default: no, it is given up. */
  readonly endless?: boolean
  /** What is not as for others of its kind. */
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
    // The engine says that the container runs.
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

/** A list inspects what it has found. */
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

/** What others ask before they do what they are for must be answered meanwhile. */
const groups = [
  all.filter(({ command }) => command.endsWith(" inspect")),
  all.filter(({ command }) => !command.endsWith(" inspect"))
]

/** A machine on which the commands of these operations misbehave. */
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

/** Compares all at once, so that a failed test shows all that is wrong. */
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

/** Of a complaint in the words with which Podman's client, and no other, begins its own. */
const complained = (engine: FakeEngine.Script) => (operation: Operation) =>
  engine.engine === "podman" ? operation.but?.complained ?? refused(operation) : refused(operation)

describe.each([FakeEngine.docker, FakeEngine.podman])("every operation on a client of $engine", (engine) => {
  for (
    const [title, text, mentioned] of [
      ["talks nonsense", "Segmentation fault, and more\nof it {]", ["Segmentation fault", "of it {]"]],
      ["writes bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a), ["\ufffd"]],
      ["stops in the middle of a document", "[{\"Id\": \"4f", ["4f"]]
    ] as const
  ) {
    // A builder says what it has built in a file.
    const shown = [...mentioned, "did not say which image it has built"]

    it.live(`that ${title}`, () =>
      Effect.gen(function*() {
        assertOutcomes(yield* play(engine, [FakeEngine.stdout(text)]), nonsense, shown)
      }), 30_000)

    it.live(`that ${title}, slowly`, () =>
      Effect.gen(function*() {
        assertOutcomes(
          yield* play(engine, [FakeEngine.trickle(text, { piece: 3, every: "5 millis" })]),
          nonsense,
          shown
        )
      }), 30_000)
  }

  it.live.each([125, 126, 127])("that ends with exit code %d", (code) =>
    Effect.gen(function*() {
      const complaining = [FakeEngine.stderr("Error: the moon is full\n"), FakeEngine.exit(code)]
      assertOutcomes(yield* play(engine, complaining), complained(engine), ["the moon is full", "not known"])
      assertOutcomes(yield* play(engine, [FakeEngine.exit(code)]), refused, [
        `exit code ${code}`,
        "not known",
        "\"db\" has no address"
      ])
    }), 30_000)

  it.live("that is killed", () =>
    Effect.gen(function*() {
      assertOutcomes(
        yield* play(engine, [FakeEngine.stdout("[{"), FakeEngine.die()]),
        ({ but }) => but?.killed ?? "EngineFailed Refused",
        ["SIGKILL", "[{"]
      )
    }), 30_000)

  it.live("whose engine goes away between two commands", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(Backend.Backend, (backend) => backend.volumes.list([]))
      const results = yield* Effect.forEach(all, outcomeOf, { concurrency: 4 })
      // Only Docker is asked whether the command of an executor has ended.
      const gone = ({ but, name }: Described) =>
        engine.engine === "docker" && name === "exec.executor"
          ? "SystemError Unknown"
          : but?.gone ?? "BackendUnavailable"
      assertOutcomes(results, gone, ["the engine is gone", "are not known"])
    }).pipe(Effect.provide(on(FakeEngine.on(engine, "volume ls", [FakeEngine.stopEngine])))), 30_000)

  it.live("that complains at length", () =>
    Effect.gen(function*() {
      const results = yield* play(engine, [FakeEngine.flood("stderr", 3_000_000), FakeEngine.exit(125)])
      assertOutcomes(results, refused, ["nothing in particular", "not known"])
    }), 60_000)

  it.effect("that never ends is given up, or goes when nobody wants it any longer", () =>
    Effect.gen(function*() {
      for (const operations of groups) {
        yield* Effect.gen(function*() {
          const fibers = yield* Effect.forEach(operations, (operation) => Effect.fork(outcomeOf(operation)))
          const asked = (calls: ReadonlyArray<FakeEngine.Call>) =>
            calls.filter((call) => operations.some(({ command }) => call.arguments.join(" ").startsWith(command)))
          // Podman's clients wait a millisecond for the clock.
          yield* FakeEngine.calls.pipe(
            Effect.zipLeft(TestClock.adjust("1 millis")),
            // Of Podman's changes to names, one waits for the other.
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
          // A command in a container is asked to end too, which takes its time here.
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

/** One for each way in which a client is run. */
it.live.each(["containers.inspect", "exec.run", "files.copyInto", "files.copyOutOf", "containers.logs"] as const)(
  "100 MB of complaints do not stay in memory: %s",
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
  "an engine that cannot be asked how a command ended fails it, even if the client reports it late",
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

it("no fault leaves a file", () => {
  // The directory of the locks stays.
  deepStrictEqual(temporary.names().filter((name) => !/^ociman-(?:user|\d+)$/.test(name)), [])
})
