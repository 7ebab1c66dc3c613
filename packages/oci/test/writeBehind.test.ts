import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SystemError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, FastCheck, Fiber } from "effect"
import * as writeBehind from "../src/internal/files/writeBehind.js"

const mebibyte = 1024 * 1024

const noSpace = new SystemError({ reason: "Unknown", module: "FileSystem", method: "write", description: "no space" })

/** A file that records its content, and fails from a given byte on. */
const makeFile = (space = Infinity) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const real = yield* fs.open(yield* fs.makeTempFileScoped({ prefix: "ociman-behind-" }), { flag: "r+" })
    const written: Array<number> = []
    let size = 0
    let syncs = 0
    const file: FileSystem.File = {
      ...real,
      writeAll: (bytes) =>
        Effect.suspend(() => {
          if (size + bytes.length > space) return noSpace
          size += bytes.length
          written.push(bytes.length)
          // The bytes may be read much later.
          return Effect.zipRight(Effect.yieldNow(), real.writeAll(bytes))
        }),
      sync: Effect.suspend(() => {
        syncs++
        return real.sync
      })
    }
    const read = Effect.gen(function*() {
      yield* real.seek(0, "start")
      const bytes = new Uint8Array(size)
      yield* real.read(bytes)
      return bytes
    })
    return { file, written, read, syncs: () => syncs }
  })

describe("A buffered writer", () => {
  it.scopedLive("keeps all bytes in order, also if the source reuses its buffers", () =>
    Effect.gen(function*() {
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.array(FastCheck.integer({ min: 0, max: 200_000 }), { minLength: 30, maxLength: 50 }),
            (sizes) =>
              Effect.gen(function*() {
                const { file, read } = yield* makeFile()
                const { sync, write } = yield* writeBehind.make(file)
                const reused = new Uint8Array(200_000)
                let next = 0
                for (const size of sizes) {
                  for (let i = 0; i < size; i++) reused[i] = next++ % 251
                  yield* write(reused.subarray(0, size))
                }
                yield* sync
                const bytes = yield* read
                assert.strictEqual(bytes.length, next)
                assert.isTrue(bytes.every((byte, i) => byte === i % 251))
              }).pipe(Effect.scoped, Effect.provide(NodeContext.layer), Effect.runPromise)
          ),
          { numRuns: 10 }
        )
      )
    }))

  it.scopedLive("combines small writes, and syncs large files while writing", () =>
    Effect.gen(function*() {
      const { file, syncs, written } = yield* makeFile()
      const { sync, write } = yield* writeBehind.make(file)
      for (let i = 0; i < 16 * 70; i++) yield* write(new Uint8Array(mebibyte / 16))
      yield* sync
      assert.isBelow(written.length, 80)
      assert.isAtLeast(syncs(), 3)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("reports a failed write at the latest at the end", () =>
    Effect.gen(function*() {
      const { file } = yield* makeFile(mebibyte)
      const { sync, write } = yield* writeBehind.make(file)
      const error = yield* Effect.flip(
        Effect.zipRight(
          Effect.forEach(Array.from({ length: 100 }), () => write(new Uint8Array(mebibyte / 4))),
          sync
        )
      )
      assert.strictEqual(error, noSpace)
      const { file: small } = yield* makeFile(10)
      const behind = yield* writeBehind.make(small)
      yield* behind.write(new Uint8Array(11))
      assert.strictEqual(yield* Effect.flip(behind.flush), noSpace)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("finishes a write before the file is closed", () =>
    Effect.gen(function*() {
      const { file } = yield* makeFile()
      const begun = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      let isDone = false
      const slow: FileSystem.File = {
        ...file,
        writeAll: () =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.zipRight(Deferred.await(mayEnd)),
            Effect.tap(() => Effect.sync(() => isDone = true))
          )
      }
      const fiber = yield* Effect.scoped(
        Effect.flatMap(writeBehind.make(slow), ({ write }) =>
          Effect.zipRight(write(new Uint8Array(mebibyte)), Effect.never))
      ).pipe(
        Effect.onExit(() =>
          Effect.sync(() => assert.isTrue(isDone))
        ),
        Effect.fork
      )
      yield* Deferred.await(begun)
      const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* Deferred.succeed(mayEnd, undefined)
      const exit = yield* Fiber.join(interruption)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.isTrue(isDone)
    }).pipe(Effect.provide(NodeContext.layer)))
})
