import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, Copy, type Descriptor, ImageIndex, ImageManifest, ImageStore, MediaType } from "@ociman/oci"
import { Chunk, Deferred, Effect, Either, Exit, Ref, Stream } from "effect"

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

/** A store that records pushes, and the number of concurrent ones. */
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
  return { store: { ...store, push }, order, atOnce }
})

const indexOf = Effect.fnUntraced(function*(store: ImageStore.Store, manifests: ReadonlyArray<Descriptor.Descriptor>) {
  const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(manifests))
  yield* ImageStore.pushDocument(store, index)
  yield* store.tag(index.descriptor, "v1")
  return index.descriptor
})

describe("Copy", () => {
  it.effect("pushes children before parents, and each blob once", () =>
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
    it.effect(`pushes at most ${concurrency} blobs at the same time with that concurrency`, () =>
      withHasher(Effect.gen(function*() {
        const from = yield* ImageStore.makeMemory
        const manifest = yield* pushManifest(from, "a", "b", "c", "d", "e", "f", "g")
        const to = yield* observed
        yield* Copy.graph(from, manifest, to.store, { concurrency })
        strictEqual(to.atOnce.most, concurrency)
      })))
  }

  it.effect("reports events in order", () =>
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

  it.effect("skips nondistributable layers unless the option nondistributable is set", () =>
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

  it.effect("copies a layer that one manifest marks as nondistributable and another does not", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const layer = yield* pushBlob(from, "layer")
      const config = yield* pushBlob(from, "{}", MediaType.ImageConfig)
      const foreign = { ...layer, mediaType: MediaType.DockerForeignLayer }
      for (const layers of [[layer, foreign], [foreign, layer]] as const) {
        const manifest = yield* Content.make(ImageManifest.codec, ImageManifest.make({ config, layers }))
        yield* ImageStore.pushDocument(from, manifest)
        const to = yield* ImageStore.makeMemory
        yield* Copy.graph(from, manifest.descriptor, to)
        assertTrue(yield* to.exists(layer))
      }
    })))

  it.effect("plans indexes nested thousands of levels deep", () =>
    withHasher(Effect.gen(function*() {
      const depth = 5000
      const memory = yield* ImageStore.makeMemory
      const indexes = new Map<string, Uint8Array>()
      let root = yield* pushManifest(memory, "layer")
      for (let i = 0; i < depth; i++) {
        const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, manifests: [root] }))
        root = yield* Content.describe(MediaType.ImageIndex, bytes)
        indexes.set(root.digest, bytes)
      }
      const from: Copy.Source = {
        ...memory,
        fetch: (descriptor) => {
          const bytes = indexes.get(descriptor.digest)
          return bytes === undefined ? memory.fetch(descriptor) : Stream.make(bytes)
        }
      }
      strictEqual((yield* Copy.plan(from, root, memory)).groups.length, depth + 2)
    })))

  it.effect("fails if the number or the size of manifests and indexes exceeds the limits", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifests = yield* Effect.forEach(["a", "b", "c"], (text) => pushManifest(from, text))
      const index = yield* indexOf(from, manifests)
      const documentSize = manifests.reduce((sum, { size }) => sum + size, index.size)
      const copied = (limits: Partial<Copy.GraphLimits>) =>
        Effect.gen(function*() {
          const to = yield* observed
          const result = yield* Effect.either(Copy.graph(from, index, to.store, { limits }))
          return Either.isRight(result) ? to.order.length : result.left.message
        })
      strictEqual(yield* copied({ documents: 4, documentSize }), 10)
      strictEqual(
        yield* copied({ documents: 3 }),
        `The manifests, indexes and referrers of ${index.digest} in memory consist of more than 3: ` +
          "if they can be trusted, set limits.documents to a higher number"
      )
      strictEqual(
        yield* copied({ documentSize: documentSize - 1 }),
        `The manifests, indexes and referrers of ${index.digest} in memory have more than ${documentSize - 1} bytes: ` +
          "if they can be trusted, set limits.documentSize to a higher number"
      )
    })))

  it.effect("ends if a registry returns an endless list of referrers", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifest = yield* pushManifest(from, "layer")
      const inventing = (subject: Descriptor.Descriptor) =>
        Effect.gen(function*() {
          const type = MediaType.MediaType.make("application/vnd.example")
          const referrer = yield* Content.make(ImageManifest.codec, ImageManifest.artifact(type, { subject }))
          yield* pushBlob(from, "{}", MediaType.Empty)
          yield* ImageStore.pushDocument(from, referrer)
          return referrer.descriptor
        }).pipe(Effect.provide(NodeHasher.layer))
      const copied = (referrers: Copy.Source["referrers"]) =>
        Effect.flatMap(ImageStore.makeMemory, (to) =>
          Copy.graph({ ...from, ...(referrers === undefined ? {} : { referrers }) }, manifest, to, {
            referrers: true,
            limits: { documents: 50 }
          })).pipe(
            Effect.flip,
            Effect.map((error) =>
              error._tag === "GraphLimitExceeded" ? `${error._tag} ${error.limit}` : error._tag
            )
          )
      // One list for each referrer, and one endless list.
      strictEqual(yield* copied((subject) => Stream.fromEffect(inventing(subject))), "GraphLimitExceeded documents")
      strictEqual(yield* copied((subject) => Stream.repeatEffect(inventing(subject))), "GraphLimitExceeded documents")
    })))

  it.effect("continues after an interruption, and stops when its consumer stops", () =>
    withHasher(Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const manifest = yield* pushManifest(from, "layer")
      yield* from.tag(manifest, "v1")
      const to = yield* ImageStore.makeMemory
      const stuck = yield* Deferred.make<void>()
      const interrupted = yield* Ref.make(false)
      const halting: Copy.Source = {
        ...from,
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

  /** A manifest with two layers, the first of which the target mounts from another repository. */
  const mounting = Effect.gen(function*() {
    const from = yield* ImageStore.makeMemory
    const to = yield* ImageStore.makeMemory
    yield* from.tag(yield* pushManifest(from, "first layer", "second layer"), "v1")
    const mounted = yield* Content.describe(MediaType.ImageLayer, bytesOf("first layer"))
    const push: ImageStore.Writable["push"] = (descriptor, content) =>
      descriptor.digest === mounted.digest
        ? Effect.as(to.push(descriptor, Stream.make(bytesOf("first layer"))), "Mounted" as const)
        : to.push(descriptor, content)
    return Copy.watch({ store: from, name: "v1" }, { store: { ...to, push }, name: "v2" })
  })

  it.effect("accounts for all planned bytes, including mounted and present blobs", () =>
    withHasher(Effect.gen(function*() {
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(yield* mounting))
      const planned = events.flatMap((event) => event._tag === "Planned" ? [event.plan.bytes] : [])
      const copied = events.flatMap((event) => event._tag === "Copied" ? [event.descriptor.size] : [])
      const skipped = events.flatMap((event) => event._tag === "Skipped" ? [event.bytes] : [])
      deepStrictEqual(skipped, ["first layer".length])
      strictEqual([...copied, ...skipped].reduce((sum, bytes) => sum + bytes, 0), planned[0])
    })))

  it.effect("prints its plan, its progress up to 100 %, and the digest of the copy", () =>
    withHasher(Effect.gen(function*() {
      const lines: Array<string> = []
      const console_ = { ...(yield* Effect.console), log: (line: string) => Effect.sync(() => lines.push(line)) }
      yield* Copy.render(yield* mounting).pipe(Effect.withConsole(console_))
      strictEqual(lines[0]?.startsWith("4 of 4 blobs to copy, "), true, lines[0])
      const percents = lines.slice(1, -1).map((line) => Number.parseInt(line))
      deepStrictEqual(percents, [...percents].sort((a, b) => a - b))
      strictEqual(percents.at(-1), 100)
      strictEqual(/^v2: sha256:[0-9a-f]{64}$/.test(lines.at(-1) ?? ""), true)
    })))
})
