import { Command } from "@effect/platform"
import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Backend, Container, Definition, Label, Mount, Network, Volume } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { TestImage } from "@ociman/testing"
import { Effect, Layer, Schema, Stream } from "effect"
import { fileURLToPath } from "node:url"
import { platform } from "../support/platform.js"

const program = fileURLToPath(new URL("../support/abandon.ts", import.meta.url))

const Made = Schema.parseJson(Schema.Struct({
  started: Schema.Array(Schema.String),
  launched: Schema.String,
  network: Schema.String,
  volume: Schema.String
}))

/** Starts another process with containers, a network and a volume on the engine, until the scope closes. */
const neighbour = (engine: string, image: Reference.Reference, label: Label.Equals) =>
  Effect.gen(function*() {
    const child = yield* Subprocess.start(
      Command.make(
        process.execPath,
        ...["--conditions=@ociman/source", "--import", "tsx", program],
        ...[engine, Reference.format(image), label.value]
      )
    )
    yield* Effect.forkScoped(Stream.runDrain(child.stderr))
    const made = yield* Subprocess.splitLines(child.stdout).pipe(
      Stream.mapEffect(Schema.decode(Made)),
      Stream.runHead,
      Effect.flatten
    )
    return { child, ...made }
  })

/** Tests of sweeping the resources of a killed process on a real engine. */
export const sweepSuite = <E>(name: string, backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>) => {
  const label = Label.equals("com.example.abandoned", Math.random().toString(16).slice(2, 10))
  const services = TestImage.layer().pipe(Layer.provideMerge(backend), Layer.provideMerge(platform))
  const labels = [label]

  const removeAll = Effect.flatMap(
    Container.list(label),
    (infos) =>
      Effect.forEach(
        infos,
        ({ id }) =>
          Effect.ignore(Effect.flatMap(Container.attach(id), (container) => container.remove({ force: true })))
      )
  )

  layer(services, { excludeTestServices: true, timeout: "1 minute" })(`Backend.sweep on ${name}`, (it) => {
    it.scoped("removes the resources of a killed process and none while it is alive", () =>
      Effect.gen(function*() {
        yield* Effect.addFinalizer(() =>
          Effect.zipRight(
            Effect.ignore(removeAll),
            Effect.ignore(Effect.zipRight(Network.prune(label), Volume.prune(label)))
          )
        )
        const { engine } = yield* Backend.Backend
        const { reference } = yield* TestImage.TestImage
        const { child, launched, network, started, volume } = yield* neighbour(engine.name, reference, label)
        const own = { labels: { [label.key]: label.value } }
        const myNetwork = yield* Network.make(own)
        const myVolume = yield* Volume.make(own)
        const mine = yield* Definition.make(reference).pipe(
          Definition.pullPolicy("never"),
          Definition.command("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"),
          Definition.label(label.key, label.value),
          Definition.network(myNetwork),
          Definition.mount(Mount.volume({ source: myVolume, target: "/data" })),
          Container.start
        )
        const ids = Effect.map(Container.list(label), (infos) => infos.map(({ id }) => String(id)).sort())
        const all = [...started, launched, mine.id].sort()
        const resources = Effect.map(
          Effect.all([Network.list(label), Volume.list(label)]),
          ([networks, volumes]) => [...networks.map(({ id }) => id), ...volumes.map(({ name }) => name)].sort()
        )
        const everyResource = [network, volume, myNetwork.id, myVolume.name].sort()
        const abandoned = [
          ...started.map((id) => `container ${id}`),
          `network ${network}`,
          `volume ${volume}`
        ].sort()

        assert.deepStrictEqual(yield* Backend.sweep({ labels, kept: true }), { removed: [], failed: [] })
        assert.deepStrictEqual(yield* ids, all)
        assert.deepStrictEqual(yield* resources, everyResource)

        yield* child.kill("SIGKILL")
        yield* Effect.exit(child.exitCode)
        const dry = yield* Backend.sweep({ labels, dryRun: true })
        assert.deepStrictEqual(dry.removed.map(({ id, kind }) => `${kind} ${id}`).sort(), abandoned)
        assert.deepStrictEqual(yield* ids, all)
        assert.deepStrictEqual(yield* resources, everyResource)
        for (const { owner } of dry.removed) assert.strictEqual(owner.process.pid, child.pid)

        const swept = yield* Backend.sweep({ labels })
        assert.deepStrictEqual(swept.failed, [])
        assert.deepStrictEqual(swept.removed.map(({ id, kind }) => `${kind} ${id}`).sort(), abandoned)
        assert.deepStrictEqual(yield* resources, [myNetwork.id, myVolume.name].sort())
        assert.deepStrictEqual(yield* ids, [launched, mine.id].sort())
        assert.strictEqual((yield* mine.state).status, "running")

        const kept = yield* Backend.sweep({ labels, kept: true })
        assert.deepStrictEqual(kept.removed.map(({ id }) => id), [launched])
      }))
  })
}
