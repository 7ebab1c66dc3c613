import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Event from "@ociman/containers/Event"
import * as Label from "@ociman/containers/Label"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { failsWith, type Suite } from "./support.js"

const events = ({ idle, image, label, options, test, uniqueName }: Suite): void => {
  test(
    "a subscription reports events from its start, even before they are consumed",
    Effect.gen(function*() {
      const events = yield* Event.subscribe({ actions: ["create", "start", "die", "destroy"], types: ["container"] })
      const name = yield* uniqueName
      const id = yield* Container.withContainer(Definition.name(idle, name), ({ id }) => Effect.succeed(id))
      const told = yield* events.pipe(
        Stream.filter((event) => event.id === id),
        Stream.takeUntil(({ action }) => action === "destroy"),
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray)
      )
      assert.deepStrictEqual(told.map(({ action }) => action), ["create", "start", "die", "destroy"])
      assert.deepStrictEqual([...new Set(told.map((event) => `${event.type} ${event.name}`))], [`container ${name}`])
      const die = told.find(({ action }) => action === "die")
      assert.match(die?.attributes["exitCode"] ?? "", /^\d+$/)
      assert.include(die?.attributes["image"], image.toString())
      assert.strictEqual(die?.attributes[label.key], label.value)
    })
  )

  const actions = <E, R>(events: Stream.Stream<Event.Event, E, R>, last: string) =>
    events.pipe(
      Stream.takeUntil(({ action }) => action === last),
      Stream.map(({ action }) => action),
      Stream.runCollect,
      Effect.map(Chunk.toReadonlyArray)
    )

  test(
    "events are selected by container, action and label",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const [first, second] = yield* Effect.all([uniqueName, uniqueName])
      const labelled = (name: string, value: string) => idle.pipe(Definition.name(name), Definition.label(key, value))
      const byName = yield* Event.subscribe({ container: second, actions: ["start", "destroy"] })
      const byLabel = yield* Event.subscribe({ labels: [Label.equals(key, "two")], actions: ["create", "destroy"] })
      yield* Effect.scoped(Container.create(labelled(first, "one")))
      yield* Effect.scoped(Effect.flatMap(Container.create(labelled(second, "two")), ({ start }) => start))
      assert.deepStrictEqual(yield* actions(byName, "destroy"), ["start", "destroy"])
      assert.deepStrictEqual(yield* actions(byLabel, "destroy"), ["create", "destroy"])
    })
  )

  test(
    "past events are reported from a start time",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const events = yield* Event.subscribe({ container: name })
      yield* Effect.scoped(Container.create(Definition.name(idle, name)))
      const seen = yield* Stream.runCollect(Stream.takeUntil(events, ({ action }) => action === "destroy"))
      const since = Chunk.unsafeHead(seen).time
      const again = yield* actions(Event.stream({ container: name, since }), "destroy")
      assert.deepStrictEqual(again, Chunk.toReadonlyArray(seen).map(({ action }) => action))
    })
  )

  if (options.pause) {
    test(
      "pause and unpause are reported as events",
      Effect.gen(function*() {
        const container = yield* Container.start(idle)
        const events = yield* Event.subscribe({ container: container.id, actions: ["pause", "unpause"] })
        yield* container.pause
        yield* container.unpause
        assert.deepStrictEqual(yield* actions(events, "unpause"), ["pause", "unpause"])
      }),
      ["pause"]
    )
  }
}

const statsAndProcesses = ({ idle, options, test }: Suite): void => {
  test(
    "stats report the resource usage of a running container only",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      if (options.rootless) {
        assert.strictEqual((yield* failsWith(container.stats, "EngineFailed")).reason, "Unsupported")
        return
      }
      assert.strictEqual((yield* failsWith(container.stats, "EngineFailed")).reason, "Conflict")
      yield* container.start
      const { cpu, memory, processes } = yield* container.stats
      assert.isTrue(cpu >= 0 && memory.limit > memory.used && processes > 0)
      const samples = yield* container.statsStream.pipe(
        Stream.tap(() => container.stop({ grace: "5 seconds" })),
        Stream.runCollect
      )
      assert.isTrue(Chunk.size(samples) > 0)
      yield* container.remove({ force: true })
      yield* failsWith(container.stats, "ContainerNotFound")
    }),
    ["stats"]
  )

  test(
    "processes lists the processes of a running container only",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      assert.strictEqual((yield* failsWith(container.processes, "EngineFailed")).reason, "Conflict")
      yield* container.start
      const processes = yield* container.processes
      assert.isTrue(processes.every(({ pid, user }) => Number.isInteger(pid) && pid > 0 && user !== ""))
      assert.include(processes.map(({ command }) => command).join("\n"), "sleep 86400")
      yield* container.remove({ force: true })
      yield* failsWith(container.processes, "ContainerNotFound")
    })
  )
}

/** @internal */
export const themes = [
  { name: "events", tests: events },
  { name: "stats and processes", tests: statsAndProcesses }
] as const
