import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Tar } from "@ociman/oci"
import { Effect, FastCheck as fc, Stream } from "effect"
import { posix } from "node:path"
import { staysInside, unpack } from "../../src/internal/derived/hostCopying.js"

const part = fc.constantFrom("a", "b", "..", ".", "", "c.d", "...")

const name = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))

describe("a link in a copy", () => {
  it.prop("stays inside only if its target is inside and reached through real directories", [
    name,
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join("/"))
  ], ([name, target]) => {
    const resolved = posix.normalize(`${posix.dirname(name)}/${target}`)
    if (staysInside(name, target)) {
      assert.isFalse(target.startsWith("/"))
      assert.isFalse(resolved === ".." || resolved.startsWith("../"), `${name} -> ${target}`)
    }
  })

  it.prop("stays inside if its target has no parent directory", [name, name], ([name, target]) => {
    assert.isTrue(staysInside(name, target))
  })

  it.each([
    ["a/b", "../c", true],
    ["a/b", "..", true],
    ["a", ".", true],
    ["a/b/c", "../../d", true],
    ["a", "..", false],
    ["a", "../x", false],
    ["a/b", "../../x", false],
    ["a/b", "c/../../..", false],
    ["a/b", "c/../d", false],
    ["a", "", false],
    ["a", "/etc/passwd", false],
    ["a", "C:\\x", false],
    ["a", "..\\x", false],
    ["a", "c:x", false]
  ])("from %s to %s stays inside: %s", (name, target, expected) => {
    assert.strictEqual(staysInside(name, target), expected)
  })
})

describe("a copy out of a container", () => {
  it.scoped.each(["/etc/passwd", "../../other", "beside", "."])(
    "is rejected if its only entry is a link to %s",
    (target) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-copy-" })
        const error = yield* Effect.flip(
          unpack({ fs, path }, "box", Stream.make(Tar.symlink("link", target)), `${directory}/root`)
        )
        assert.strictEqual(error._tag, "CopyFailed")
        assert.include(error.message, "UnsafeEntry")
        assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
      }).pipe(Effect.provide(NodeContext.layer))
  )
})
