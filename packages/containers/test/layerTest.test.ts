import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, Container, ContainerId, Definition, Exec, Output } from "@ociman/containers"
import { Cause, Effect, Either, Exit, Ref, Stream } from "effect"
import * as containerInfo from "../src/internal/dialect/containerInfo.js"
import { everyOperation } from "./support/everyOperation.js"
import { bytes } from "./support/memory.js"

const id = ContainerId.make("0".repeat(64))

const web = Definition.make("web")

const info = Either.getOrThrow(containerInfo.decode({
  Id: id,
  Name: "/web",
  Created: "2024-01-01T00:00:00Z",
  Image: `sha256:${"0".repeat(64)}`,
  Config: {},
  State: { Status: "running", Running: true, ExitCode: 0 },
  NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] } }
}))

const defectOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "no failure")

describe("Backend.layerTest", () => {
  it.effect("dies with the name of an operation that it does not implement", () =>
    Effect.gen(function*() {
      for (const [name, use] of Object.entries(everyOperation(yield* Backend.Backend))) {
        const defect = yield* defectOf(use)
        assertInclude(defect, `"${name}" was called but is not implemented`)
        assertInclude(defect, `Backend.layerTest({ ${name.replace(".", ": { ")}:`)
      }
    }).pipe(Effect.provide(Backend.layerTest({}))))

  it.effect("dies with the name of an operation that a derived one needs", () =>
    Effect.gen(function*() {
      assertInclude(
        yield* defectOf(Effect.provide(Container.launch(web), Backend.layerTest({}))),
        "\"containers.create\""
      )
      const creating = Backend.layerTest({ containers: { create: () => Effect.succeed(id) } })
      assertInclude(yield* defectOf(Effect.provide(Container.launch(web), creating)), "\"containers.start\"")
    }))

  it.effect("derives start and the methods of handles from the given operations", () =>
    Effect.gen(function*() {
      const removed = yield* Ref.make<ReadonlyArray<string>>([])
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        deepStrictEqual(yield* container.address(80), { host: "127.0.0.1", port: 8080 })
        strictEqual((yield* container.exec(Exec.make("echo"))).stdout, "hello")
        deepStrictEqual(yield* removed, [])
      }).pipe(
        Effect.scoped,
        Effect.provide(Backend.layerTest({
          containers: {
            create: () => Effect.succeed(id),
            start: () => Effect.void,
            inspect: () => Effect.succeed(info),
            remove: (container) => Ref.update(removed, (all) => [...all, container])
          },
          exec: { run: () => Stream.make(Output.stdout(bytes("hello")), Output.exit(0)) }
        }))
      )
      deepStrictEqual(yield* removed, [id])
    }))

  it.effect("derives run and attach from the given operations", () =>
    Effect.gen(function*() {
      strictEqual((yield* Container.run(web)).stdout, "hello")
      strictEqual((yield* Container.attach("web")).id, id)
    }).pipe(Effect.provide(Backend.layerTest({
      containers: {
        create: () => Effect.succeed(id),
        startAttached: () => Stream.make(Output.stdout(bytes("hello")), Output.exit(0)),
        inspect: () => Effect.succeed(info),
        remove: () => Effect.void
      }
    }))))

  const result: Exec.Result = {
    exitCode: 7,
    stdout: "",
    stderr: "",
    stdoutBytes: bytes(""),
    stderrBytes: bytes(""),
    omittedBytes: 0
  }

  it.effect("uses given derived operations unchanged", () =>
    Effect.gen(function*() {
      strictEqual((yield* Container.run(web)).exitCode, 7)
    }).pipe(Effect.provide(Backend.layerTest({
      run: () => Effect.succeed(result)
    }))))
})
