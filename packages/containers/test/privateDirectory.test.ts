import { type Error as PlatformError, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as privateDirectory from "../src/internal/host/privateDirectory.js"

const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "ociman-private-" }), fs.realPath)
)

const names = () => ["ociman", "locks"]

const failure = (directory: Effect.Effect<string, PlatformError.PlatformError | privateDirectory.UnsafeDirectory>) =>
  Effect.flatMap(
    Effect.flip(directory),
    (error) => error._tag === "UnsafeDirectory" ? Effect.succeed(error) : Effect.fail(error)
  )

/** File system with other owners and modes of some paths. */
const seeing = (
  fs: FileSystem.FileSystem,
  changes: Readonly<Record<string, { readonly uid?: number; readonly mode?: number }>>
) =>
  FileSystem.make({
    ...fs,
    stat: (path) =>
      Effect.map(fs.stat(path), (info) => {
        const { mode = info.mode, uid } = changes[path] ?? {}
        return { ...info, mode, uid: Option.orElse(Option.fromNullable(uid), () => info.uid) }
      })
  })

describe("a private directory", () => {
  it.scopedLive("is created for this user only and found again", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      const path = yield* privateDirectory.make(fs, parent, names)
      assert.strictEqual(path, `${parent}/ociman/locks`)
      for (const directory of [`${parent}/ociman`, path]) {
        assert.strictEqual((yield* fs.stat(directory)).mode & 0o777, 0o700)
      }
      assert.strictEqual(yield* privateDirectory.make(fs, parent, names), path)
      assert.deepStrictEqual(yield* fs.readDirectory(parent), ["ociman"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("has a path without links", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      yield* fs.makeDirectory(`${parent}/real`)
      yield* fs.symlink("real", `${parent}/link`)
      assert.strictEqual(yield* privateDirectory.make(fs, `${parent}/link`, names), `${parent}/real/ociman/locks`)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is rejected if other users can write to it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      yield* fs.makeDirectory(`${parent}/ociman`)
      for (const mode of [0o777, 0o770, 0o1777]) {
        yield* fs.chmod(`${parent}/ociman`, mode)
        const error = yield* failure(privateDirectory.make(fs, parent, names))
        assert.include(error.message, `"${parent}/ociman" cannot be trusted: other users can write to it.`)
        assert.include(error.message, "XDG_RUNTIME_DIR")
      }
      assert.deepStrictEqual(yield* fs.readDirectory(`${parent}/ociman`), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is rejected if it is a link or a file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      yield* fs.makeDirectory(`${parent}/elsewhere`, { mode: 0o700 })
      yield* fs.symlink(`${parent}/elsewhere`, `${parent}/ociman`)
      assert.include((yield* failure(privateDirectory.make(fs, parent, names))).detail, "it is a link")
      yield* fs.remove(`${parent}/ociman`)
      yield* fs.writeFileString(`${parent}/ociman`, "")
      assert.include((yield* failure(privateDirectory.make(fs, parent, names))).detail, "not a directory")
      assert.deepStrictEqual(yield* fs.readDirectory(`${parent}/elsewhere`), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is rejected if another user created it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      yield* fs.makeDirectory(`${parent}/ociman`, { mode: 0o700 })
      const others = seeing(fs, { [`${parent}/ociman`]: { uid: 4711 } })
      assert.include((yield* failure(privateDirectory.make(others, parent, names))).detail, "another user created it")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is rejected below a directory in which another user can replace it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* temporary
      const inner = `${parent}/inner`
      yield* fs.makeDirectory(inner, { mode: 0o700 })
      for (const change of [{ uid: 4711 }, { mode: 0o40777 }]) {
        for (const path of [inner, parent]) {
          const error = yield* failure(privateDirectory.make(seeing(fs, { [path]: change }), inner, names))
          assert.strictEqual(error.path, path)
          assert.include(error.detail, "replace its contents")
        }
      }
      const sticky = seeing(fs, { [parent]: { uid: 0, mode: 0o41777 } })
      assert.strictEqual(yield* privateDirectory.make(sticky, inner, names), `${inner}/ociman/locks`)
    }).pipe(Effect.provide(NodeContext.layer)))
})
