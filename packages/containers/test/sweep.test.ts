import { assert, describe, it } from "@effect/vitest"
import { Backend, Container, ContainerName, Definition, Label, MemoryBackend, Session } from "@ociman/containers"
import { Effect, Layer, Option } from "effect"

const definition = Definition.make("localhost/memory:1")

const dead = new Session.Process({ host: "memory", pid: 7, started: "1" })

/** Container that was created by a process that has ended. */
const abandoned = (labels: Readonly<Record<string, string>>) =>
  Effect.flatMap(Backend.Backend, (backend) =>
    backend.containers.create(
      Definition.label(definition, {
        ...Session.toLabels({ library: "ociman/0.0.1", session: "s", process: Option.some(dead) }),
        "ociman.creation": "made-by-hand",
        "ociman.lifetime": "scope",
        ...labels
      }),
      ContainerName.make(`abandoned-${labels["com.example.a"]}`)
    ))

/** Engine whose lists ignore filters, and for which all other processes are dead. */
const unfiltered = Layer.scoped(
  Backend.Backend,
  Effect.flatMap(
    MemoryBackend.make({ images: [{ image: definition.image }] }),
    (memory) =>
      Backend.make({ ...memory, containers: { ...memory.containers, list: () => memory.containers.list([]) } }, {
        currentProcess: Option.none(),
        liveness: ({ pid }) => Effect.succeed(pid === dead.pid ? "Dead" : "Alive"),
        lock: () => Effect.void
      })
  )
)

describe("Backend.sweep", () => {
  it.effect("removes only resources with its labels, even if the engine lists others", () =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([
        abandoned({ "com.example.a": "1" }),
        abandoned({ "com.example.a": "2" })
      ])
      const { failed, removed } = yield* Backend.sweep({ labels: [Label.equals("com.example.a", "1")] })
      assert.deepStrictEqual([failed, removed.map(({ id }) => id)], [[], [one]])
      assert.strictEqual((yield* Container.attach(two)).id, two)
    }).pipe(Effect.provide(unfiltered)))
})
