import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher, NodeImages } from "@ociman/node"
import { ContentError, ImageStore, LocalStore, OciArchive, OciDirectory } from "@ociman/oci"
import * as StoreDriver from "@ociman/oci/author/StoreDriver"
import * as ImageStoreSuite from "@ociman/testing/ImageStoreSuite"
import { Effect, Layer, Stream } from "effect"
import { temporary } from "./archives.js"
import { environment } from "./live.js"

ImageStoreSuite.suite("a store in memory", Layer.provideMerge(ImageStore.layerMemory, NodeHasher.layer))

ImageStoreSuite.suite(
  "a store in a directory",
  Layer.provideMerge(Layer.unwrapScoped(Effect.map(temporary, OciDirectory.layer)), environment)
)

const pending = Layer.scoped(
  ImageStore.ImageStore,
  Effect.flatMap(temporary, (root) => OciArchive.openOrCreate(`${root}/a.tar`))
)

ImageStoreSuite.suite("a store in an archive that is not saved yet", Layer.provideMerge(pending, environment))

/** Opens the archive for each operation, and saves it after changes. */
const reopened = (path: string) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Layer.Layer.Success<typeof environment>>()
    const turn = Effect.unsafeMakeSemaphore(1)
    const archive = OciArchive.openOrCreate(path)
    const reading = <A, E>(f: (archive: OciArchive.OciArchive) => Effect.Effect<A, E>) =>
      Effect.provide(Effect.scoped(Effect.flatMap(archive, f)), context)
    const changing = <A, E>(f: (archive: OciArchive.OciArchive) => Effect.Effect<A, E>) =>
      Effect.provide(turn.withPermits(1)(OciArchive.edit(path, f)), context)
    const streaming = <A, E>(f: (archive: OciArchive.OciArchive) => Stream.Stream<A, E>) =>
      Stream.unwrapScoped(Effect.map(Effect.provide(archive, context), f)).pipe((_) =>
        Stream.provideSomeContext(_, context)
      )
    const store: ImageStore.Store = {
      name: path,
      fetch: (descriptor) => streaming((_) => _.fetch(descriptor)),
      exists: (descriptor) => reading((_) => _.exists(descriptor)),
      resolve: (name) => reading((_) => _.resolve(name)),
      names: streaming((_) => _.names),
      referrers: (subject, options) => streaming((_) => _.referrers(subject, options)),
      push: (descriptor, content) => changing((_) => _.push(descriptor, content)),
      receive: (produce) =>
        Effect.provide(turn.withPermits(1)(OciArchive.edit(path, (_) => _.receive(produce))), context),
      tag: (descriptor, name) => changing((_) => _.tag(descriptor, name)),
      untag: (name) => changing((_) => _.untag(name)),
      delete: (descriptor) => changing((_) => _.delete(descriptor))
    }
    return store
  })

ImageStoreSuite.suite(
  "a store in an archive that is saved and opened again",
  Layer.provideMerge(
    Layer.scoped(ImageStore.ImageStore, Effect.flatMap(temporary, (root) => reopened(`${root}/a.tar`))),
    environment
  )
)

ImageStoreSuite.suite(
  "the store of a user",
  Layer.provideMerge(
    Layer.scoped(ImageStore.ImageStore, Effect.flatMap(temporary, LocalStore.make)),
    Layer.merge(environment, NodeImages.layerLocalFiles)
  )
)

ImageStoreSuite.suite(
  "a store that is opened when it is needed",
  Layer.provideMerge(
    Layer.scoped(
      ImageStore.ImageStore,
      Effect.gen(function*() {
        const context = yield* Effect.context<Layer.Layer.Success<typeof environment>>()
        const root = yield* temporary
        return StoreDriver.lazy("a layout", Effect.provide(OciDirectory.openOrCreate(root), context))
      })
    ),
    environment
  )
)

it.effect("a lazy store is opened once, and again only if opening failed", () =>
  Effect.gen(function*() {
    let tries = 0
    const memory = yield* ImageStore.makeMemory
    const failure = new ContentError.StoreFailed({ store: "s", operation: "be opened", reason: "Unavailable" })
    const store = StoreDriver.lazy("s", Effect.suspend(() => ++tries === 1 ? failure : Effect.succeed(memory)))
    strictEqual(tries, 0)
    strictEqual(yield* Effect.flip(store.resolve("a")), failure)
    const resolve = Effect.flip(store.resolve("a"))
    const errors = yield* Effect.all([resolve, resolve, resolve], { concurrency: "unbounded" })
    deepStrictEqual(errors.map(({ _tag }) => _tag), ["ContentNotFound", "ContentNotFound", "ContentNotFound"])
    strictEqual(tries, 2)
  }).pipe(Effect.provide(NodeHasher.layer)))
