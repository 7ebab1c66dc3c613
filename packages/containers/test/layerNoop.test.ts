import { Command } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Backend,
  Container,
  ContainerId,
  ContainerInfo,
  ContainerName,
  Definition,
  Exec,
  Label,
  Output,
  type Primitives
} from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Cause, Duration, Effect, Either, Exit, Option, Ref, Stream } from "effect"
import { bytes } from "./support/memory.js"

const id = ContainerId.make("0".repeat(64))

const web = Definition.make("web")

const info = Either.getOrThrow(ContainerInfo.decode({
  Id: id,
  Name: "/web",
  Created: "2024-01-01T00:00:00Z",
  Image: "sha256:0",
  Config: {},
  State: { Status: "running", Running: true, ExitCode: 0 },
  NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] } }
}))

const defectOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "no failure")

/** Every primitive, used. */
const uses = (backend: Backend.Service) => {
  const name = ContainerName.make("web")
  const image = Reference.make("web")
  return {
    createContainer: backend.createContainer(web, name),
    startContainer: backend.startContainer(id),
    startAttached: Stream.runDrain(backend.startAttached(id, Option.none())),
    stopContainer: backend.stopContainer(id, Option.none()),
    killContainer: backend.killContainer(id, "SIGKILL"),
    restartContainer: backend.restartContainer(id, Option.none()),
    pauseContainer: backend.pauseContainer(id),
    unpauseContainer: backend.unpauseContainer(id),
    renameContainer: backend.renameContainer(id, name),
    removeContainer: backend.removeContainer(id, { force: true, volumes: true, grace: Duration.zero }),
    waitContainer: backend.waitContainer(id),
    inspectContainer: backend.inspectContainer(id),
    listContainers: backend.listContainers([Label.has("role")]),
    containerLogs: Stream.runDrain(backend.containerLogs(id, {})),
    exec: Stream.runDrain(backend.exec(id, Exec.make("true"))),
    executor: backend.executor(id).exitCode(Command.make("true")),
    commitContainer: backend.commitContainer(id, image, {}),
    pullImage: backend.pullImage(image, { platform: Option.none() }),
    inspectImage: backend.inspectImage(image),
    listImages: backend.listImages([]),
    removeImage: backend.removeImage(image, { force: false }),
    buildImage: backend.buildImage({
      image,
      source: { _tag: "Instructions", text: "FROM scratch" },
      arguments: {},
      labels: Label.empty
    })
  } satisfies Record<Exclude<keyof Primitives.Primitives, "engine">, Effect.Effect<unknown, unknown>>
}

describe("Backend.layerNoop", () => {
  it.effect("dies of each primitive that was not given, naming it", () =>
    Effect.gen(function*() {
      for (const [name, use] of Object.entries(uses(yield* Backend.Backend))) {
        const defect = yield* defectOf(use)
        assertInclude(defect, `"${name}" was called but not given`)
        assertInclude(defect, `Backend.layerNoop({ ${name}:`)
      }
    }).pipe(Effect.provide(Backend.layerNoop({}))))

  it.effect("dies of what a derived operation misses", () =>
    Effect.gen(function*() {
      assertInclude(
        yield* defectOf(Effect.provide(Container.launch(web), Backend.layerNoop({}))),
        "\"createContainer\""
      )
      const creating = Backend.layerNoop({ createContainer: () => Effect.succeed(id) })
      assertInclude(yield* defectOf(Effect.provide(Container.launch(web), creating)), "\"startContainer\"")
    }))

  it.effect("derives start, and what a handle does, from what it is given", () =>
    Effect.gen(function*() {
      const removed = yield* Ref.make<ReadonlyArray<string>>([])
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        deepStrictEqual(yield* container.address(80), { host: "127.0.0.1", port: 8080 })
        strictEqual((yield* container.exec(Exec.make("echo"))).stdout, "hello")
        deepStrictEqual(yield* removed, [])
      }).pipe(
        Effect.scoped,
        Effect.provide(Backend.layerNoop({
          createContainer: () => Effect.succeed(id),
          startContainer: () => Effect.void,
          inspectContainer: () => Effect.succeed(info),
          exec: () => Stream.make(Output.stdout(bytes("hello")), Output.exit(0)),
          removeContainer: (container) => Ref.update(removed, (all) => [...all, container])
        }))
      )
      deepStrictEqual(yield* removed, [id])
    }))

  it.effect("derives run and attach from what it is given", () =>
    Effect.gen(function*() {
      strictEqual((yield* Container.run(web)).stdout, "hello")
      strictEqual((yield* Container.attach("web")).id, id)
    }).pipe(Effect.provide(Backend.layerNoop({
      createContainer: () => Effect.succeed(id),
      startAttached: () => Stream.make(Output.stdout(bytes("hello")), Output.exit(0)),
      inspectContainer: () => Effect.succeed(info),
      removeContainer: () => Effect.void
    }))))
})
