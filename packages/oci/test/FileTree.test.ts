import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Hasher } from "@ociman/oci"
import * as FileTree from "@ociman/oci/author/FileTree"
import { Chunk, Deferred, Effect, Fiber, Layer, Predicate, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { directoryOf, hashers } from "./support.js"

const walk = (root: string, options?: FileTree.Options) =>
  Effect.flatMap(Hasher.Hasher, (_) => Effect.map(Stream.runCollect(_.tree(root, options)), Chunk.toReadonlyArray))

const paths = (root: string, options?: FileTree.Options) =>
  Effect.map(walk(root, options), (entries) => entries.map(({ path }) => path))

describe.each(hashers)("FileTree with %s", (_, hasher) => {
  layer(Layer.merge(hasher, NodeContext.layer), { excludeTestServices: true })((it) => {
    it.scoped("sorts each directory by the UTF-8 bytes of names", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({
          "a/z": "",
          "a-b": "",
          "a.txt": "",
          "B": "",
          "\uFF5E": "",
          "\u{1F600}": "",
          "\uE000": "",
          "é": "",
          "e\u0301": ""
        })
        const expected = ["B", "a/z", "a-b", "a.txt", "e\u0301", "é", "\uE000", "\uFF5E", "\u{1F600}"]
        assert.deepStrictEqual(yield* paths(root), expected)
      }))

    it.scoped("yields more entries than one batch in order", () =>
      Effect.gen(function*() {
        const names = Array.from({ length: 150 }, (_, i) => `${i % 7}/${String(i).padStart(3, "0")}`).sort()
        const root = yield* directoryOf(Object.fromEntries(names.map((name) => [name, name])))
        const entries = yield* walk(root)
        assert.deepStrictEqual(entries.map(({ path }) => path), names)
        for (const entry of entries) {
          assert.isTrue(entry._tag === "File" && Predicate.isUint8Array(entry.content))
          if (entry._tag === "File" && Predicate.isUint8Array(entry.content)) {
            assert.strictEqual(new TextDecoder().decode(entry.content), entry.path)
          }
        }
      }))

    it.scoped("streams files above the size limit unchanged", () =>
      Effect.gen(function*() {
        const content = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251)
        const root = yield* directoryOf({
          exact: content.subarray(0, FileTree.wholeFileLimit),
          more: content.subarray(0, FileTree.wholeFileLimit + 1),
          large: content
        })
        const [exact, large, more] = yield* walk(root)
        assert.isTrue(exact?._tag === "File" && Predicate.isUint8Array(exact.content))
        for (const [entry, size] of [[large, content.length], [more, FileTree.wholeFileLimit + 1]] as const) {
          if (entry?._tag !== "File" || Predicate.isUint8Array(entry.content)) return assert.fail("not streamed")
          const chunks = yield* Stream.runCollect(entry.content)
          assert.deepStrictEqual(Buffer.concat(Array.from(chunks)), Buffer.from(content.subarray(0, size)))
        }
      }))

    it.scoped("distinguishes executable files and links from other files", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* directoryOf({ a: "", b: "" })
        yield* fs.chmod(`${root}/b`, 0o654)
        yield* fs.symlink("nowhere/ü", `${root}/c`)
        const [a, b, c] = yield* walk(root)
        assert.deepInclude(a, { _tag: "File", executable: false })
        assert.deepInclude(b, { _tag: "File", executable: true })
        assert.deepStrictEqual(c, { _tag: "Symlink", path: "c", target: "nowhere/ü" })
      }))

    it.scoped("follows a link only if it is the root", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* directoryOf({ "a/b": "" })
        yield* fs.symlink("a", `${root}/link`)
        assert.deepStrictEqual(yield* paths(`${root}/link`), ["b"])
        assert.deepStrictEqual(yield* paths(root), ["a/b", "link"])
      }))

    it.scoped("calls include once for each entry, and not within excluded directories", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({ "a/b/c": "", "a/d": "", e: "" })
        const asked: Array<readonly [string, FileTree.EntryType]> = []
        const include = (path: string, type: FileTree.EntryType) => {
          asked.push([path, type])
          return path !== "a/b"
        }
        assert.deepStrictEqual(yield* paths(root, { include }), ["a/d", "e"])
        assert.deepStrictEqual(asked.sort(), [["a", "Directory"], ["a/b", "Directory"], ["a/d", "File"], ["e", "File"]])
      }))

    for (const large of [false, true]) {
      const title = large ? "a large file" : "a small file"

      it.scoped(`does not follow a link that replaces ${title} after listing`, () =>
        Effect.gen(function*() {
          const secret = `${yield* directoryOf({ secret: "x".repeat(large ? 300_000 : 10) })}/secret`
          const root = yield* directoryOf({ a: "", "b/c": "" })
          for (const path of ["a", "b/c"]) {
            const include = (found: string) => {
              if (found !== path) return true
              rmSync(`${root}/${path}`)
              symlinkSync(secret, `${root}/${path}`)
              return true
            }
            const error = yield* Effect.flip(walk(root, { include }))
            assert.deepInclude(error, { reason: "Changed", path: `${root}/${path}` })
            rmSync(`${root}/${path}`)
            writeFileSync(`${root}/${path}`, "")
          }
        }))
    }

    it.scoped("does not follow a link that replaces a directory after listing", () =>
      Effect.gen(function*() {
        const outside = yield* directoryOf({ f: "secret" })
        const root = yield* directoryOf({ "d/f": "" })
        const include = (found: string) => {
          if (found !== "d/f") return true
          renameSync(`${root}/d`, `${root}/other`)
          symlinkSync(outside, `${root}/d`)
          return true
        }
        assert.deepInclude(yield* Effect.flip(walk(root, { include })), { reason: "Changed", path: `${root}/d/f` })
      }))

    it.scoped("follows a link that is given as a path", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* directoryOf({ a: "content" })
        yield* fs.symlink("a", `${root}/link`)
        const { content } = yield* Hasher.Hasher
        assert.strictEqual(new TextDecoder().decode(yield* content(`${root}/link`)), "content")
      }))

    it.scoped("refuses pipes without blocking, unless they are excluded", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({ a: "" })
        execFileSync("mkfifo", [`${root}/pipe`])
        const error = yield* Effect.flip(walk(root))
        assert.deepInclude(error, { reason: "UnsupportedType", path: `${root}/pipe` })
        assert.deepStrictEqual(yield* paths(root, { include: (path) => path !== "pipe" }), ["a"])
      }))

    it.scoped("skips sockets", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({ a: "" })
        yield* Effect.acquireRelease(
          Effect.async<ReturnType<typeof createServer>>((resume) => {
            const server = createServer().listen(`${root}/s`, () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
        )
        assert.deepStrictEqual(yield* paths(root), ["a"])
      }))

    it.scoped("refuses names and link targets that are not UTF-8", () =>
      Effect.gen(function*() {
        const named = yield* directoryOf({})
        writeFileSync(Buffer.concat([Buffer.from(`${named}/a`), Buffer.of(0xFF)]), "")
        assert.deepInclude(yield* Effect.flip(walk(named)), { reason: "InvalidName", path: `${named}/a\uFFFD` })
        const linked = yield* directoryOf({})
        execFileSync("sh", ["-c", `ln -s "$(printf 'b\\377')" "$1/link"`, "sh", linked])
        assert.deepInclude(yield* Effect.flip(walk(linked)), { reason: "InvalidName", path: `${linked}/link` })
      }))

    it.scoped("fails on an unreadable entry with its path", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({ "a/b": "" })
        // Even root cannot list a file as a directory.
        const error = yield* Effect.flip(walk(`${root}/a/b`))
        assert.strictEqual(error.reason, "Unreadable")
        assert.include(error.message, `${root}/a/b`)
        // A file removed between listing and reading.
        const include = (path: string) => {
          if (path === "a/b") rmSync(`${root}/a/b`)
          return true
        }
        const gone = yield* Effect.flip(walk(root, { include }))
        assert.include(gone.message, `${root}/a/b`)
      }))

    it.scoped("fails if a large file shrinks or grows while it is read", () =>
      Effect.forEach([1, 2_000_000], (size) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const root = yield* directoryOf({ large: new Uint8Array(1_000_000) })
          const [large] = yield* walk(root)
          if (large?._tag !== "File" || Predicate.isUint8Array(large.content)) return assert.fail("not streamed")
          yield* fs.truncate(`${root}/large`, size)
          const error = yield* Effect.flip(Stream.runDrain(large.content))
          assert.deepInclude(error, { reason: "Changed", path: `${root}/large` })
        })))

    it.scoped("can be interrupted", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [String(i), "x"])))
        const reached = yield* Deferred.make<void>()
        const { tree } = yield* Hasher.Hasher
        const fiber = yield* Effect.fork(
          Stream.runForEach(tree(root), () => Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never))
        )
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(fiber)
      }))
  })
})

layer(NodeContext.layer)("FileTree", (it) => {
  const changing = (content: Uint8Array, size: number): FileTree.Reader => ({
    readDirectory: () => Effect.succeed([{ name: "a", type: "File" }]),
    readLink: () => Effect.dieMessage("no link"),
    readMode: () => Effect.dieMessage("no directory"),
    readFiles: () => Effect.succeed([{ executable: false, mode: 0o644, size, content }])
  })

  for (const size of [1, 3]) {
    it.effect(`fails if a file of ${size} bytes has 2 bytes when it is read`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Stream.runDrain(FileTree.walk(changing(new Uint8Array(2), size), "/root")))
        assert.deepInclude(error, { reason: "Changed", path: "/root/a" })
      }))
  }

  it.effect("reads only a little ahead of its consumer", () =>
    Effect.gen(function*() {
      let read = 0
      const reader: FileTree.Reader = {
        readDirectory: () =>
          Effect.succeed(Array.from({ length: 10_000 }, (_, i) => ({ name: String(i), type: "File" }))),
        readLink: () => Effect.dieMessage("no link"),
        readMode: () => Effect.dieMessage("no directory"),
        readFiles: (paths) =>
          Effect.sync(() => {
            read += paths.length
            return paths.map(() => ({ executable: false, mode: 0o644, size: 0, content: new Uint8Array(0) }))
          })
      }
      yield* FileTree.walk(reader, "/root").pipe(
        Stream.tap(() => Effect.yieldNow()),
        Stream.take(1),
        Stream.runDrain
      )
      assert.isAtMost(read, 200)
    }))
})
