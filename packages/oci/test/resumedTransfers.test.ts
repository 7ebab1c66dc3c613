import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, ContentError, Copy, type Descriptor, ImageStore, MediaType, OciDirectory } from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import { Deferred, Effect, FastCheck, Fiber, Layer, type Scope, Stream } from "effect"
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const environment = Layer.merge(NodeContext.layer, NodeHasher.layer)

const live = (
  name: string,
  effect: Effect.Effect<void, unknown, Scope.Scope | Layer.Layer.Success<typeof environment>>
) => it.live(name, () => effect.pipe(Effect.scoped, Effect.provide(environment)), 20_000)

const size = 3 * 1024 * 1024

const bytes = new Uint8Array(size).map((_, i) => (i * 7 + (i >> 12)) & 0xff)

const blob = Content.describe(MediaType.ImageLayer, bytes)

const layout = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ociman-resume-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
).pipe(Effect.flatMap(OciDirectory.openOrCreate))

/** Path of a partial download. */
const keptPath = ({ path }: OciDirectory.OciDirectory, { digest }: Descriptor.Descriptor) =>
  `${path}/.ociman-${digest.replace(":", "-")}.tmp`

const leftovers = ({ path }: OciDirectory.OciDirectory) => readdirSync(path).filter((name) => name.endsWith(".tmp"))

const resume = <E>(
  store: OciDirectory.OciDirectory,
  descriptor: Descriptor.Descriptor,
  content: (offset: number) => Stream.Stream<Uint8Array, E>
) => FastPath.ofPush(store).resume?.(descriptor, content) ?? Effect.dieMessage("cannot go on")

/** Sends bytes from an offset on, and fails at a given position. */
const from = (offset: number, until: number = size) =>
  Stream.concat(
    Stream.rechunk(Stream.fromIterable(pieces(offset, until)), 1),
    until < size ? Stream.fail("lost" as const) : Stream.empty
  )

const pieces = function*(offset: number, until: number) {
  for (let at = offset; at < until; at += 65_536) yield bytes.subarray(at, Math.min(until, at + 65_536))
}

const stored = (store: OciDirectory.OciDirectory, descriptor: Descriptor.Descriptor) =>
  Effect.map(Stream.runFold(store.fetch(descriptor), 0, (sum, { length }) => sum + length), (length) => {
    strictEqual(length, size)
    deepStrictEqual(leftovers(store), [])
  })

describe("A resumable download", () => {
  it("continues where it was interrupted, and receives no byte twice", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.array(FastCheck.integer({ min: 0, max: size - 1 }), { maxLength: 5 }),
        (cuts) =>
          Effect.gen(function*() {
            const store = yield* layout
            const descriptor = yield* blob
            const asked: Array<number> = []
            let arrived = 0
            for (const cut of [...cuts, size]) {
              const until = Math.max(arrived, cut)
              const result = yield* Effect.either(resume(store, descriptor, (offset) => {
                asked.push(offset - arrived)
                return from(offset, until)
              }))
              strictEqual(result._tag, until < size ? "Left" : "Right")
              arrived = until
            }
            deepStrictEqual(asked, asked.map(() => 0))
            strictEqual(asked.length, cuts.length + 1)
            yield* stored(store, descriptor)
          }).pipe(Effect.scoped, Effect.provide(environment), Effect.runPromise)
      ),
      { numRuns: 10 }
    ), 30_000)

  live(
    "restarts from the beginning if the kept bytes are damaged",
    Effect.gen(function*() {
      for (const kept of [new Uint8Array(100), new Uint8Array(size + 1), new Uint8Array(size)]) {
        const store = yield* layout
        const descriptor = yield* blob
        writeFileSync(keptPath(store, descriptor), kept)
        const asked: Array<number> = []
        strictEqual(
          yield* resume(store, descriptor, (offset) => {
            asked.push(offset)
            return from(offset)
          }),
          "Pushed"
        )
        deepStrictEqual(asked, kept.length < size ? [kept.length, 0] : [0])
        yield* stored(store, descriptor)
      }
    })
  )

  live(
    "requests nothing if all bytes were kept or the content exists",
    Effect.gen(function*() {
      const store = yield* layout
      const descriptor = yield* blob
      writeFileSync(keptPath(store, descriptor), bytes)
      const push = resume(store, descriptor, () => Stream.dieMessage("was asked for"))
      strictEqual(yield* push, "Pushed")
      strictEqual(yield* push, "Present")
      yield* stored(store, descriptor)
    })
  )

  live(
    "fails on content that does not match its descriptor, and keeps none of it",
    Effect.gen(function*() {
      const store = yield* layout
      const descriptor = yield* blob
      const asked: Array<number> = []
      const error = yield* Effect.flip(resume(store, descriptor, (offset) => {
        asked.push(offset)
        return Stream.make(new Uint8Array(size - offset))
      }))
      assertTrue(ContentError.isDamage(error))
      deepStrictEqual(asked, [0])
      deepStrictEqual(leftovers(store), [])
    })
  )

  live(
    "downloads twice if two processes download the same content",
    Effect.gen(function*() {
      const store = yield* layout
      const descriptor = yield* blob
      const begun = yield* Deferred.make<void>()
      const done = yield* Deferred.make<void>()
      const slow = yield* Effect.fork(resume(store, descriptor, (offset) =>
        Stream.concat(
          from(offset, 65_536).pipe(Stream.catchAll(() => Stream.empty)),
          Stream.concat(
            Stream.drain(Stream.fromEffect(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(done)))),
            from(65_536)
          )
        )))
      yield* Deferred.await(begun)
      strictEqual(yield* resume(store, descriptor, from), "Pushed")
      yield* Deferred.succeed(done, undefined)
      strictEqual(yield* Fiber.join(slow), "Pushed")
      yield* stored(store, descriptor)
    })
  )

  live(
    "does not write through a link",
    Effect.gen(function*() {
      const store = yield* layout
      const descriptor = yield* blob
      const victim = `${store.path}/victim`
      symlinkSync(victim, keptPath(store, descriptor))
      const error = yield* Effect.flip(resume(store, descriptor, from))
      assertTrue(error instanceof ContentError.LayoutError)
      strictEqual(error.reason, "Symlink")
      assertTrue(!existsSync(victim))
    })
  )
})

describe("A copy from a store with ranges", () => {
  const artifact = (store: ImageStore.Store, content: Uint8Array) =>
    Effect.gen(function*() {
      const descriptor = yield* Content.describe(MediaType.ImageLayer, content)
      yield* store.push(descriptor, Stream.make(content))
      return descriptor
    })

  live(
    "resumes large content, and reports its progress",
    Effect.gen(function*() {
      const source = yield* ImageStore.makeMemory
      const target = yield* layout
      const large = yield* artifact(source, bytes)
      const small = yield* artifact(source, bytes.subarray(0, 1000))
      const asked: Array<number> = []
      const reader: Copy.Source = {
        ...source,
        fetch: FastPath.attachFetch((descriptor) => source.fetch(descriptor), {
          from: (_, offset) => {
            asked.push(offset)
            return from(offset, asked.length === 1 ? 1_000_000 : size).pipe(
              Stream.mapError(() =>
                new ContentError.StoreFailed({ store: "test", operation: "read", reason: "Unavailable" })
              )
            )
          }
        })
      }
      const error = yield* Effect.flip(Copy.graph(reader, large, target))
      strictEqual(error._tag, "StoreFailed")
      yield* Copy.graph(reader, large, target)
      yield* Copy.graph(reader, small, target)
      deepStrictEqual(asked, [0, 1_000_000])
      yield* stored(target, large)
    })
  )
})
