import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { ContentHash, Platform, Reference } from "@ociman/oci"
import { Effect, Layer } from "effect"
import { createHash } from "node:crypto"
import { directoryOf, hashers, recording } from "./support.js"

const echo = "FROM alpine:latest\nRUN echo hi\n"

describe("ContentHash.instructions", () => {
  layer(NodeHasher.layer)((it) => {
    const known: ReadonlyArray<readonly [name: string, string, ContentHash.Options, digest: string]> = [
      ["instructions alone", echo, {}, "1cbea05f52e5c9363be837416de133a594cedce4ba790117295f93432f395c5d"],
      [
        "a build argument",
        echo,
        { buildArguments: { VERSION: "1.0" } },
        "06048e72aec47a645ab587a97d32f56de334a479fa0664067b3d7d32ca02e0d3"
      ],
      [
        "a build argument and a label",
        echo,
        { buildArguments: { VERSION: "1.0" }, labels: { "com.example.role": "primary" } },
        "2a6a9f41756142a97f0168de4e177de0cf0712cdf0b3a7dec7918c89d489ca4d"
      ],
      ["no instructions", "", {}, "f01ca1f1597404a0dc16d29d30fccfe91ba8c31e100fe92a1e9efcdcbe87e39f"]
    ]
    for (const [name, text, options, expected] of known) {
      it.effect(`hashes ${name} like the reference implementation`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* ContentHash.instructions(text, options), expected)
        }))
    }

    it.effect("returns a valid tag", () =>
      Effect.gen(function*() {
        const tagged = Reference.make("localhost/a").pipe(Reference.withTag(yield* ContentHash.instructions("")))
        assert.strictEqual(String(Reference.make(String(tagged))), String(tagged))
      }))

    it.effect("does not depend on the order of build arguments, and sorts them by UTF-8 bytes", () =>
      Effect.gen(function*() {
        // U+FF5E comes before U+1F600 in UTF-8, and after its surrogates in UTF-16.
        const one = yield* ContentHash.instructions("", { buildArguments: { a: "1", "\uFF5E": "2", "\u{1F600}": "3" } })
        const two = yield* ContentHash.instructions("", { buildArguments: { "\u{1F600}": "3", "\uFF5E": "2", a: "1" } })
        assert.strictEqual(one, two)
        const written: Array<number> = []
        yield* ContentHash.instructions("", { labels: { "\uFF5E": "", "\u{1F600}": "" } }).pipe(
          Effect.provide(recording(written)),
          Effect.exit // what only records has no digest
        )
        assert.isBelow(written.lastIndexOf(0xEF), written.lastIndexOf(0xF0))
      }))

    it.effect("depends on every option", () =>
      Effect.gen(function*() {
        const options: ReadonlyArray<ContentHash.Options> = [
          {},
          { buildArguments: { a: "b" } },
          { buildArguments: { a: "" } },
          { buildArguments: { ab: "" } },
          { labels: { a: "b" } },
          { target: "a" },
          { dockerfile: "a" },
          { platform: Platform.make("linux/arm64") },
          { platform: Platform.make("linux/amd64") },
          // A build argument named like an option must not have the hash of the option.
          { buildArguments: { labels: "a" } },
          { labels: { a: "labels" } },
          { buildArguments: { labels: "a", target: "b" } },
          { buildArguments: { labels: "a" }, labels: { target: "b" } }
        ]
        const hashes = yield* Effect.forEach(options, (options) => ContentHash.instructions("", options))
        assert.strictEqual(new Set(hashes).size, options.length)
      }))

    it.effect("is equal for all names of a platform", () =>
      Effect.gen(function*() {
        assert.strictEqual(
          yield* ContentHash.instructions("", { platform: Platform.make("linux/aarch64") }),
          yield* ContentHash.instructions("", { platform: Platform.make("linux/arm64/v8") })
        )
      }))
  })
})

describe.each(hashers)("ContentHash.directory with %s", (_, hasher) => {
  layer(Layer.merge(hasher, NodeContext.layer), { excludeTestServices: true })((it) => {
    const hashOf = (files: Readonly<Record<string, string | Uint8Array>>) =>
      Effect.flatMap(directoryOf(files), (root) => ContentHash.directory(root))

    const walkOrder = { "a/z.txt": "1", "a.txt": "2", b: "3" }
    const walkOrderHash = "1867057a1be9b4dacd9bca0864eef41e0ed8cfec1494d7dcca1faa0cd7e73cbc"

    it.scoped("walks depth first", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* hashOf(walkOrder), walkOrderHash)
      }))

    it.scoped("hashes a large streamed file like one in memory", () =>
      Effect.gen(function*() {
        const frame = (content: Uint8Array) => {
          const length = Buffer.alloc(8)
          length.writeBigUInt64LE(BigInt(content.length))
          return Buffer.concat([length, content])
        }
        const content = Buffer.alloc(3_000_001, "0123456789")
        const segments = ["directory", "file.path", "large", "file.content", content, "build-arguments", "labels"]
        const expected = createHash("sha256")
          .update(Buffer.concat(segments.map((segment) => frame(Buffer.from(segment)))))
          .digest("hex")
        assert.strictEqual(yield* hashOf({ large: content }), expected)
      }))

    it.scoped("ignores empty directories", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* hashOf({ ...walkOrder, "aa/b/": "" }), walkOrderHash)
      }))

    it.scoped("includes hidden files, and excludes what include rejects", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({ ...walkOrder, ".hidden": "", "secret/file": "" })
        assert.notStrictEqual(yield* ContentHash.directory(root), walkOrderHash)
        assert.strictEqual(
          yield* ContentHash.directory(root, { include: (path) => path !== ".hidden" && path !== "secret" }),
          walkOrderHash
        )
      }))

    it.scoped("frames build arguments and labels as for instructions", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf(walkOrder)
        const hashes = yield* Effect.forEach(
          [{}, { buildArguments: { a: "b" } }, { labels: { a: "b" } }, { target: "file.path" }],
          (options) => ContentHash.directory(root, options)
        )
        assert.strictEqual(new Set(hashes).size, hashes.length)
      }))

    it.scoped("distinguishes trees whose concatenated bytes are equal", () =>
      Effect.gen(function*() {
        const hashes = yield* Effect.forEach([
          { a: "", b: "" },
          { a: "b" },
          { a: "file.pathbfile.content" },
          { ab: "" },
          { "a/b": "" },
          { a: "1", b: "2" },
          { a: "12", b: "" },
          { a: "\0" },
          { a: new Uint8Array(300_000) },
          { a: new Uint8Array(300_001) }
        ], hashOf)
        assert.strictEqual(new Set(hashes).size, hashes.length)
      }))

    it.scoped("depends on executable bits and link targets, and on no other mode bits", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* directoryOf(walkOrder)
        yield* fs.chmod(`${root}/b`, 0o600)
        assert.strictEqual(yield* ContentHash.directory(root), walkOrderHash)
        yield* fs.chmod(`${root}/b`, 0o755)
        const executable = yield* ContentHash.directory(root)
        yield* fs.chmod(`${root}/b`, 0o644)
        yield* fs.symlink("b", `${root}/c`)
        const linked = yield* ContentHash.directory(root)
        yield* fs.remove(`${root}/c`)
        yield* fs.symlink("a", `${root}/c`)
        const linkedToDirectory = yield* ContentHash.directory(root)
        yield* fs.remove(`${root}/c`)
        yield* fs.writeFileString(`${root}/c`, "b")
        const copied = yield* ContentHash.directory(root)
        assert.strictEqual(new Set([walkOrderHash, executable, linked, linkedToDirectory, copied]).size, 5)
      }))

    it.scoped("does not follow links, not even circular ones", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* directoryOf(walkOrder)
        yield* fs.symlink("..", `${root}/a/up`)
        yield* fs.symlink("nowhere", `${root}/dangling`)
        assert.match(yield* ContentHash.directory(root), /^[0-9a-f]{64}$/)
      }))

    it.scoped("fails with the path of a missing directory", () =>
      Effect.gen(function*() {
        const root = yield* directoryOf({})
        const error = yield* Effect.flip(ContentHash.directory(`${root}/missing`))
        assert.strictEqual(error._tag, "FileTreeError")
        assert.strictEqual(error.reason, "Unreadable")
        assert.include(error.message, `${root}/missing`)
      }))
  })
})
