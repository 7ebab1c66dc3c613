import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, Copy, type Descriptor, ImageIndex, ImageManifest, ImageStore, MediaType } from "@ociman/oci"
import { Chunk, Deferred, Effect, Exit, Ref, Stream } from "effect"

const bytesOf = (text: string) => new TextEncoder().encode(text)

const pushBlob = (store: ImageStore.Writable, text: string, mediaType = MediaType.ImageLayer) =>
  Effect.tap(
    Content.describe(mediaType, bytesOf(text)),
    (descriptor) => store.push(descriptor, Stream.make(bytesOf(text)))
  )

const pushManifest = (store: ImageStore.Writable, ...layers: readonly [string, ...Array<string>]) =>
  Effect.gen(function*() {
    const config = yield* pushBlob(store, `{"${layers.join()}":1}`, MediaType.ImageConfig)
    const [first, ...rest] = layers
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.make({
        config,
        layers: [yield* pushBlob(store, first), ...(yield* Effect.forEach(rest, (text) => pushBlob(store, text)))]
      })
    )
    yield* ImageStore.pushDocument(store, manifest)
    return manifest.descriptor
  })

const withHasher = <A, E>(effect: Effect.Effect<A, E, Layer>) => Effect.provide(effect, NodeHasher.layer)

type Layer = Effect.Effect.Context<typeof ImageStore.makeMemory>

/** A store that notes what is pushed to it, and how many pushes there are at once. */
const observed = Effect.gen(function*() {
  const store = yield* ImageStore.makeMemory
  const order: Array<string> = []
  const atOnce = { now: 0, most: 0 }
  const push: ImageStore.Writable["push"] = (descriptor, content) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        atOnce.most = Math.max(atOnce.most, ++atOnce.now)
        order.push(descriptor.digest)
      }),
      () => Effect.zipRight(Effect.yieldNow(), store.push(descriptor, content)),
      () => Effect.sync(() => atOnce.now--)
    )
  return { store: { ...ImageStore.plain(store), push }, order, atOnce }
})

const indexOf = Effect.fnUntraced(function*(store: ImageStore.Store, manifests: ReadonlyArray<Descriptor.Descriptor>) {
  const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(manifests))
  yield* ImageStore.pushDocument(store, index)
  yield* store.tag(index.descriptor, "v1")
  return index.descriptor
})

describe("Copy", () => {
  it.effect("pushes what is pointed to before what points to it, and each content once", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const one = yield* pushManifest(from, "shared", "one")
      const two = yield* pushManifest(from, "shared", "two")
      const index = yield* indexOf(from, [one, two])
      const to = yield* observed
      yield* Copy.image({ store: from, name: "v1" }, { store: to.store, name: "v1" })
      strictEqual(to.order.length, 8)
      strictEqual(new Set(to.order).size, 8)
      deepStrictEqual(to.order.slice(5, 7).sort(), [one.digest, two.digest].sort())
      strictEqual(to.order[7], index.digest)
    })))

  for (const concurrency of [1, 3, 5]) {
    it.effect(`pushes at most ${concurrency} at the same time, if it is told so`, () =>
      withHasher(Effect.gen(function*() {
        const from = yield* ImageStore.makeMemory
        const manifest = yield* pushManifest(from, "a", "b", "c", "d", "e", "f", "g")
        const to = yield* observed
        yield* Copy.graph(from, manifest, to.store, { concurrency })
        strictEqual(to.atOnce.most, concurrency)
      })))
  }

  it.effect("tells what happens, in the order of the events", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifest = yield* pushManifest(from, "layer")
      yield* from.tag(manifest, "v1")
      const to = yield* ImageStore.makeMemory
      const events = yield* Stream.runCollect(
        Copy.watch({ store: from, name: "v1" }, { store: to, name: "v2" }, { concurrency: 1 })
      )
      const each = ["Started", "Advanced", "Copied"]
      deepStrictEqual([...events].map(({ _tag }) => _tag), ["Planned", ...each, ...each, ...each, "Tagged"])
      const advanced = [...events].flatMap((event) =>
        event._tag === "Advanced" ? [[event.descriptor.size, event.bytes]] : []
      )
      assertTrue(advanced.every(([size, bytes]) => size === bytes))
      const [planned] = Chunk.toReadonlyArray(events)
      assertTrue(planned?._tag === "Planned" && planned.plan.bytes === manifest.size + 5 + 11)
    })))

  it.effect("plans without copying", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifest = yield* pushManifest(from, "layer")
      const to = yield* observed
      const plan = yield* Copy.plan(from, manifest, to.store)
      deepStrictEqual(plan.groups.map((group) => group.length), [2, 1])
      deepStrictEqual(to.order, [])
    })))

  it.effect("leaves layers alone that may not be distributed, unless it is told to take them", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const layer = yield* pushBlob(from, "foreign", MediaType.DockerForeignLayer)
      const config = yield* pushBlob(from, "{}", MediaType.ImageConfig)
      const manifest = yield* Content.make(ImageManifest.codec, ImageManifest.make({ config, layers: [layer] }))
      yield* ImageStore.pushDocument(from, manifest)
      const to = yield* ImageStore.makeMemory
      yield* Copy.graph(from, manifest.descriptor, to)
      assertTrue(!(yield* to.exists(layer)))
      yield* Copy.graph(from, manifest.descriptor, to, { nondistributable: true })
      assertTrue(yield* to.exists(layer))
    })))

  it.effect("goes on where it was interrupted, and stops when nobody watches any longer", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifest = yield* pushManifest(from, "layer")
      yield* from.tag(manifest, "v1")
      const to = yield* ImageStore.makeMemory
      const stuck = yield* Deferred.make<void>()
      const interrupted = yield* Ref.make(false)
      const halting: Copy.Source = {
        ...ImageStore.plain(from),
        fetch: (descriptor) =>
          descriptor.mediaType === MediaType.ImageLayer
            ? Stream.concat(
              Stream.make(bytesOf("la")),
              Stream.fromEffect(
                Effect.zipRight(Deferred.succeed(stuck, undefined), Effect.never).pipe(
                  Effect.onInterrupt(() => Ref.set(interrupted, true))
                )
              )
            )
            : from.fetch(descriptor)
      }
      const places = [{ store: halting, name: "v1" }, { store: to, name: "v1" }] as const
      yield* Copy.watch(...places).pipe(Stream.interruptWhen(Deferred.await(stuck)), Stream.runDrain)
      assertTrue(yield* Ref.get(interrupted))
      assertTrue(Exit.isFailure(yield* Effect.exit(to.resolve("v1"))))
      yield* Copy.image({ store: from, name: "v1" }, places[1])
      strictEqual((yield* to.resolve("v1")).digest, manifest.digest)
    })))
})
