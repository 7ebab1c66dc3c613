import { Container, Definition, Event, Mount, Network, Volume } from "@ociman/containers"
import type { Reference } from "@ociman/oci"
import { Chunk, Effect, Fiber, Schedule, Stream } from "effect"
import { example, labels, step } from "./step.js"

/** Connects containers by name, shares a volume between them and watches events. */
export const together = (image: Reference.Reference) =>
  Effect.gen(function*() {
    const network = yield* step("network", Network.make({ labels }), ({ name }) => name)
    const volume = yield* step("volume", Volume.make({ labels }), ({ name }) => name)
    const busybox = (...command: ReadonlyArray<string>) =>
      Definition.make(image).pipe(
        Definition.entrypoint("/bin/busybox"),
        Definition.command(...command),
        Definition.network(network),
        Definition.mount(Mount.volume({ source: volume, target: "/data" })),
        Definition.label(labels)
      )
    const server = yield* Container.start(
      busybox("httpd", "-f", "-p", "8080", "-h", "/www").pipe(Definition.networkAlias("web"), Definition.init)
    )
    const stats = yield* server.stats.pipe(
      Effect.map(({ memory, processes }) => `${processes} processes, ${memory.used} bytes`),
      Effect.catchTag("EngineFailed", ({ reason }) => Effect.succeed(reason)), // Podman without root may be unable to
      Effect.fork
    )
    const download = Container.run(busybox("wget", "-q", "-O", "/data/page", "http://web:8080/")).pipe(
      Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 20 })
    )
    yield* step("by name", download, () => "http://web:8080/")

    const events = yield* Event.subscribe({ actions: ["create", "start", "die", "destroy"], labels: [example] })
    yield* step("volume", Container.run(busybox("cat", "/data/page")), ({ stdout }) => stdout)
    const told = events.pipe(Stream.map(({ action }) => action), Stream.takeUntil((action) => action === "destroy"))
    yield* step("events", Stream.runCollect(told), (actions) => Chunk.join(actions, ", "))
    yield* step("list", Container.list(example), (infos) => infos.map(({ name }) => name).join())
    yield* step("stats", Fiber.join(stats), (text) => text)
  })
