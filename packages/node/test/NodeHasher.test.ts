import { assert, layer, vi } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { ContentHash, Hasher } from "@ociman/oci"
import { Duration, Effect, Fiber, Ref, Schedule, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ociman-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

/** A clock that jumps whenever it is looked at. */
const everythingSlow = Effect.acquireRelease(
  Effect.sync(() => {
    let now = performance.now()
    return vi.spyOn(performance, "now").mockImplementation(() => now += 1000)
  }),
  (spy) => Effect.sync(() => spy.mockRestore())
)

const openFiles = Effect.sync(() => readdirSync("/proc/self/fd").length)

layer(NodeHasher.layer, { excludeTestServices: true })("NodeHasher", (it) => {
  it.effect("computes sha256 and sha512", () =>
    Effect.gen(function*() {
      const abc = new TextEncoder().encode("abc")
      assert.strictEqual(
        yield* Hasher.bytes(abc),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      )
      assert.strictEqual(
        yield* Hasher.bytes(abc, "sha512"),
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
      )
    }))

  it.scoped("hashes a large file in bounded memory, and timers run meanwhile", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      // Sparse, so that it takes no room.
      truncateSync(writeFile(join(directory, "large"), ""), 300_000_000)
      const ticks = yield* Ref.make(0)
      const ticking = yield* Ref.update(ticks, (_) => _ + 1).pipe(
        Effect.repeat(Schedule.spaced(Duration.millis(5))),
        Effect.fork
      )
      const before = process.memoryUsage().arrayBuffers
      let most = 0
      const { tree } = yield* Hasher.Hasher
      yield* Stream.runForEach(tree(directory), (entry) =>
        entry._tag === "File" && !(entry.content instanceof Uint8Array)
          ? Stream.runForEach(entry.content, () =>
            Effect.sync(() => {
              most = Math.max(most, process.memoryUsage().arrayBuffers - before)
            }))
          : Effect.dieMessage("not streamed"))
      yield* ContentHash.directory(directory)
      yield* Fiber.interrupt(ticking)
      assert.isBelow(most, 150_000_000)
      assert.isAbove(yield* Ref.get(ticks), 10)
    }))

  it.scoped("yields to the event loop between small files", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (let i = 0; i < 5000; i++) writeFile(join(directory, `${i}`), "")
      let ticks = 0
      const count = () => {
        ticks++
        immediate = setImmediate(count)
      }
      let immediate = setImmediate(count)
      const { tree } = yield* Hasher.Hasher
      const before = yield* Stream.runFold(tree(directory), Infinity, (first) => Math.min(first, ticks))
      clearImmediate(immediate)
      assert.isAbove(ticks - before, 100)
    }))

  it.scoped("does not wait for the writer of a pipe", () =>
    Effect.gen(function*() {
      const path = join(yield* temporary, "pipe")
      execFileSync("mkfifo", [path])
      assert.deepInclude(yield* Effect.flip(Hasher.file(path)), { reason: "UnsupportedType", path })
    }), 5000)

  it.scoped("computes the same digest if reading is slow", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (let i = 0; i < 100; i++) writeFile(join(directory, `${i}`), "x".repeat(i * 100))
      truncateSync(writeFile(join(directory, "large"), ""), 1_000_000)
      const expected = yield* ContentHash.directory(directory)
      yield* everythingSlow
      assert.strictEqual(yield* ContentHash.directory(directory), expected)
      const error = yield* Effect.flip(Hasher.file(join(directory, "missing")))
      assert.deepInclude(error, { reason: "Unreadable", path: join(directory, "missing") })
      assert.deepInclude(yield* Effect.flip(Hasher.file(directory)), { reason: "UnsupportedType", path: directory })
    }))

  it.scoped("closes every file after completion, interruption or failure", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (let i = 0; i < 100; i++) writeFile(join(directory, `${i}`), "x")
      truncateSync(writeFile(join(directory, "large"), ""), 10_000_000)
      const before = yield* openFiles
      const { tree } = yield* Hasher.Hasher
      const contents = Stream.flatMap(tree(directory), (entry) =>
        entry._tag === "File" && !(entry.content instanceof Uint8Array) ? entry.content : Stream.empty)
      yield* Stream.runDrain(contents)
      yield* Stream.runHead(contents)
      yield* Effect.exit(Stream.runForEach(contents, () =>
        Effect.fail("enough")))
      yield* Effect.exit(Effect.timeout(ContentHash.directory(directory), 2))
      // Reads that were in progress at the timeout complete on their own.
      yield* openFiles.pipe(
        Effect.repeat({ until: (open) => open <= before, schedule: Schedule.spaced(10), times: 200 })
      )
      assert.isAtMost(yield* openFiles, before)
    }))
})

function writeFile(path: string, content: string): string {
  writeFileSync(path, content)
  return path
}
