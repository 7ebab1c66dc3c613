import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Backend,
  ContainerName,
  Definition,
  Exec,
  HostName,
  Label,
  NetworkInfo,
  type Primitives,
  VolumeInfo
} from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Array as Arr, Duration, Effect, Fiber, Layer, Option, Schema, Stream, TestClock } from "effect"
import { ownTemporaryDirectory } from "./support/temporary.js"

const temporary = ownTemporaryDirectory()

const id = "f".repeat(64)
const image = Reference.make("localhost/fake:1")
const name = ContainerName.make("fake")
const none = Option.none()

type Name = Exclude<keyof Primitives.Primitives, "engine" | "currentProcess" | "isProcessAlive" | "lockImage">

interface Operation {
  /** The command that misbehaves; what else the operation asks is answered as ever. */
  readonly command: string
  readonly run: (
    backend: Backend.Service
  ) => Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>
  /** Whether it reads what the client answers. Default: no, it takes the exit code for an answer. */
  readonly reads?: boolean
  /** Whether an exit code is a result, and not the engine's. Default: no. */
  readonly passesExitCode?: boolean
  /** Whether it takes as long as what it follows. Default: no, it is given up. */
  readonly endless?: boolean
  /** What is not as for others of its kind. */
  readonly but?: Partial<Readonly<Record<Outcome, string>>>
}

type Outcome = "nonsense" | "refused" | "killed" | "gone"

const operations: Readonly<Record<Name, Operation>> = {
  createContainer: {
    command: "container create",
    run: (backend) => backend.createContainer(Definition.make(image), name),
    reads: true
  },
  startContainer: { command: "container start", run: (backend) => backend.startContainer(id) },
  startAttached: {
    command: "container start",
    run: (backend) => Stream.runDrain(backend.startAttached(id, none)),
    passesExitCode: true,
    endless: true
  },
  stopContainer: { command: "container stop", run: (backend) => backend.stopContainer(id, none) },
  killContainer: { command: "container kill", run: (backend) => backend.killContainer(id, "SIGKILL") },
  restartContainer: { command: "container restart", run: (backend) => backend.restartContainer(id, none) },
  pauseContainer: { command: "container pause", run: (backend) => backend.pauseContainer(id) },
  unpauseContainer: { command: "container unpause", run: (backend) => backend.unpauseContainer(id) },
  renameContainer: { command: "container rename", run: (backend) => backend.renameContainer(id, name) },
  removeContainer: {
    command: "container rm",
    run: (backend) => backend.removeContainer(id, { force: true, volumes: true, grace: Duration.zero })
  },
  waitContainer: {
    command: "container wait",
    run: (backend) => backend.waitContainer(id),
    reads: true,
    endless: true
  },
  inspectContainer: {
    command: "container inspect",
    run: (backend) => backend.inspectContainer(id),
    reads: true
  },
  listContainers: {
    command: "container ls",
    run: (backend) => backend.listContainers([Label.has("role")]),
    reads: true
  },
  containerLogs: {
    command: "container logs",
    run: (backend) => Stream.runDrain(backend.containerLogs(id, {})),
    endless: true
  },
  exec: {
    command: "container exec",
    run: (backend) => Stream.runDrain(backend.exec(id, Exec.make("true"))),
    passesExitCode: true,
    endless: true
  },
  executor: {
    command: "container exec",
    run: (backend) =>
      Effect.scoped(Effect.flatMap(
        backend.executor(id).start(Command.make("true")),
        ({ exitCode, stderr, stdout }) => Effect.zipRight(Stream.runDrain(Stream.merge(stdout, stderr)), exitCode)
      )),
    passesExitCode: true,
    endless: true,
    but: { killed: "SystemError Unknown", gone: "success" }
  },
  commitContainer: {
    command: "container commit",
    run: (backend) => backend.commitContainer(id, image, {}),
    reads: true
  },
  copyInto: { command: "container cp", run: (backend) => backend.copyInto(id, "/", Stream.empty) },
  copyOutOf: { command: "container cp", run: (backend) => Stream.runDrain(backend.copyOutOf(id, "/")) },
  containerStats: {
    command: "container stats",
    run: (backend) => Stream.runDrain(backend.containerStats(id, { follow: false })),
    reads: true
  },
  containerProcesses: {
    command: "container top",
    run: (backend) => backend.containerProcesses(id),
    reads: true
  },
  events: {
    command: "events",
    run: (backend) => Effect.scoped(Effect.flatMap(backend.events({}), Stream.runDrain)),
    reads: true,
    endless: true
  },
  pullImage: {
    command: "image pull",
    run: (backend) => Stream.runDrain(backend.pullImage(image, { platform: none, credentials: none }))
  },
  pushImage: {
    command: "image push",
    run: (backend) => Stream.runDrain(backend.pushImage(image, { credentials: none }))
  },
  inspectImage: {
    command: "image inspect",
    run: (backend) => backend.inspectImage(image),
    reads: true
  },
  imageHistory: {
    command: "image history",
    run: (backend) => backend.imageHistory(image),
    reads: true
  },
  listImages: {
    command: "image ls",
    run: (backend) => backend.listImages([]),
    reads: true
  },
  tagImage: { command: "image tag", run: (backend) => backend.tagImage(image, image) },
  removeImage: { command: "image rm", run: (backend) => backend.removeImage(image, { force: false }) },
  loadImages: {
    command: "image load",
    run: (backend) => backend.loadImages(Stream.empty),
    reads: true
  },
  saveImages: { command: "image save", run: (backend) => Stream.runDrain(backend.saveImages([image])) },
  importImage: {
    command: "image import",
    run: (backend) => backend.importImage(Stream.empty, image, {}),
    reads: true
  },
  pruneImages: { command: "image prune", run: (backend) => backend.pruneImages({ labels: [], all: true }) },
  buildImage: {
    command: "build",
    run: (backend) =>
      Stream.runDrain(backend.buildImage({
        image,
        source: { _tag: "Instructions", text: "FROM scratch" },
        arguments: {},
        labels: Label.empty
      })),
    reads: true,
    endless: true,
    but: { refused: "BuildFailed" }
  },
  createNetwork: {
    command: "network create",
    run: (backend) =>
      backend.createNetwork({
        name: Schema.decodeSync(NetworkInfo.Name)("fake"),
        driver: none,
        subnets: [],
        internal: false,
        ipv6: false,
        labels: Label.empty,
        driverOptions: {}
      })
  },
  inspectNetwork: {
    command: "network inspect",
    run: (backend) => backend.inspectNetwork("fake"),
    reads: true
  },
  listNetworks: {
    command: "network ls",
    run: (backend) => backend.listNetworks([]),
    reads: true
  },
  removeNetwork: { command: "network rm", run: (backend) => backend.removeNetwork("fake", { force: false }) },
  connectContainer: {
    command: "network connect",
    run: (backend) => backend.connectContainer("fake", id, { aliases: [], addresses: [] })
  },
  disconnectContainer: {
    command: "network disconnect",
    run: (backend) => backend.disconnectContainer("fake", id, { force: false })
  },
  createVolume: {
    command: "volume create",
    run: (backend) =>
      backend.createVolume({
        name: Schema.decodeSync(VolumeInfo.Name)("fake"),
        driver: none,
        driverOptions: {},
        labels: Label.empty
      })
  },
  inspectVolume: {
    command: "volume inspect",
    run: (backend) => backend.inspectVolume("fake"),
    reads: true
  },
  listVolumes: {
    command: "volume ls",
    run: (backend) => backend.listVolumes([]),
    reads: true
  },
  removeVolume: { command: "volume rm", run: (backend) => backend.removeVolume("fake", { force: false }) },
  resolveHost: {
    command: "container exec",
    run: (backend) => backend.resolveHost(id, HostName.make("db")),
    endless: true,
    but: { nonsense: "HostNotResolved NoResolver", refused: "HostNotResolved NoResolver" }
  }
}

const on = (script: FakeEngine.Script) =>
  Backend.layer.pipe(Layer.provideMerge(FakeEngine.layer(script)), Layer.provide(NodeContext.layer))

type Described = readonly [name: string, operation: Operation]

/** A list inspects what it has found. */
const inspecting = (name: Name, command: string): Described => [
  `${name}, ${command}`,
  { ...operations[name], command }
]

const all: ReadonlyArray<Described> = [
  ...Object.entries(operations),
  inspecting("listContainers", "container inspect"),
  inspecting("listImages", "image inspect"),
  inspecting("listNetworks", "network inspect"),
  inspecting("listVolumes", "volume inspect")
]

/** What others ask before they do what they are for must be answered meanwhile. */
const groups = [
  all.filter(([, { command }]) => command.endsWith(" inspect")),
  all.filter(([, { command }]) => !command.endsWith(" inspect"))
]

/** A machine on which the commands of these operations misbehave. */
const misbehaving = (
  engine: FakeEngine.Script,
  operations: ReadonlyArray<Described>,
  steps: ReadonlyArray<FakeEngine.Step>
) =>
  on([...new Set(operations.map(([, { command }]) => command))].reduce(
    (script, command) => FakeEngine.on(script, command, steps),
    engine
  ))

interface Result {
  readonly name: string
  readonly outcome: string
  readonly message: string
}

const outcomeOf = ([name, { run }]: Described): Effect.Effect<Result, never, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, run).pipe(
    Effect.match({
      onFailure: (error) => ({
        name,
        outcome: `${error._tag}${"reason" in error ? ` ${String(error.reason)}` : ""}`,
        message: error.message
      }),
      onSuccess: () => ({ name, outcome: "success", message: "" })
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
  expected: (operation: Operation) => string,
  mentioned: ReadonlyArray<string>
) => {
  deepStrictEqual(
    results.map(({ name, outcome }) => `${name}: ${outcome}`).sort(),
    all.map(([name, operation]) => `${name}: ${expected(operation)}`).sort()
  )
  for (const { message, name, outcome } of results) {
    if (outcome === "success") continue
    assert.isBelow(message.length, 10_000, name)
    assert.isTrue(mentioned.some((text) => message.includes(text)), `${name}: ${message}`)
  }
}

const nonsense = ({ but, reads }: Operation) =>
  but?.nonsense ?? (reads === true ? "EngineFailed UnexpectedAnswer" : "success")

const refused = ({ but, passesExitCode }: Operation) =>
  but?.refused ?? (passesExitCode === true ? "success" : "EngineFailed Refused")

describe.each([FakeEngine.docker, FakeEngine.podman])("every primitive on a client of $engine", (engine) => {
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
      assertOutcomes(yield* play(engine, complaining), refused, ["the moon is full"])
      assertOutcomes(yield* play(engine, [FakeEngine.exit(code)]), refused, [
        `exit code ${code}`,
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
      yield* Effect.flatMap(Backend.Backend, ({ listVolumes }) => listVolumes([]))
      const results = yield* Effect.forEach(all, outcomeOf, { concurrency: 4 })
      assertOutcomes(results, ({ but }) => but?.gone ?? "BackendUnavailable", ["the engine is gone"])
    }).pipe(Effect.provide(on(FakeEngine.on(engine, "volume ls", [FakeEngine.stopEngine])))), 30_000)

  it.live("that complains at length", () =>
    Effect.gen(function*() {
      const results = yield* play(engine, [FakeEngine.flood("stderr", 3_000_000), FakeEngine.exit(125)])
      assertOutcomes(results, refused, ["nothing in particular"])
    }), 60_000)

  it.effect("that never ends is given up, or goes when nobody wants it any longer", () =>
    Effect.gen(function*() {
      for (const operations of groups) {
        yield* Effect.gen(function*() {
          const fibers = yield* Effect.forEach(operations, (operation) => Effect.fork(outcomeOf(operation)))
          const asked = (calls: ReadonlyArray<FakeEngine.Call>) =>
            calls.filter((call) => operations.some(([, { command }]) => call.arguments.join(" ").startsWith(command)))
          // Podman's clients wait a millisecond for the clock.
          yield* FakeEngine.calls.pipe(
            Effect.zipLeft(TestClock.adjust("1 millis")),
            // Of Podman's changes to names, one waits for the other.
            Effect.repeat({ until: (calls) => asked(calls).length >= operations.length - 1 })
          )
          yield* TestClock.adjust("1 hours")
          const results = Effect.forEach(
            Arr.zip(operations, fibers),
            ([[name, { endless }], fiber]) =>
              endless === true
                ? Effect.as(Fiber.interrupt(fiber), `${name}: interrupted`)
                : Effect.map(Fiber.join(fiber), ({ outcome }) => `${name}: ${outcome}`),
            { concurrency: "unbounded" }
          )
          // A command in a container is asked to end too, which takes its time here.
          const passing = Effect.forever(Effect.zipRight(TestClock.adjust("1 seconds"), Effect.yieldNow()))
          deepStrictEqual(
            yield* Effect.raceFirst(results, passing),
            operations.map(([name, { endless }]) =>
              `${name}: ${endless === true ? "interrupted" : "EngineFailed TimedOut"}`
            )
          )
        }).pipe(Effect.provide(misbehaving(engine, operations, [FakeEngine.hang])))
      }
    }), 60_000)
})

/** One for each way in which a client is run. */
it.live.each(["inspectContainer", "exec", "copyInto", "copyOutOf", "containerLogs"] as const)(
  "100 MB of complaints do not stay in memory: %s",
  (name) =>
    Effect.gen(function*() {
      const operation: Described = [name, operations[name]]
      const before = process.memoryUsage()
      const { outcome } = yield* outcomeOf(operation).pipe(
        Effect.provide(
          misbehaving(FakeEngine.docker, [operation], [FakeEngine.flood("stderr", 100_000_000), FakeEngine.exit(125)])
        )
      )
      strictEqual(outcome, refused(operation[1]))
      const after = process.memoryUsage()
      assert.isBelow(after.heapUsed + after.external - before.heapUsed - before.external, 100_000_000)
    }),
  60_000
)

it("no fault leaves a file", () => {
  // The directory of the locks stays.
  deepStrictEqual(temporary.names().filter((name) => name !== "ociman-user"), [])
})
