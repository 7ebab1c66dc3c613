import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Hasher } from "@ociman/oci"
import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import { Effect, Either, Schema, Stream } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { directoryOf, hashers } from "./support.js"

const Vectors = Schema.Struct({
  matchCases: Schema.Array(Schema.Struct({
    patterns: Schema.Array(Schema.String),
    path: Schema.String,
    match: Schema.optional(Schema.Boolean),
    error: Schema.optional(Schema.String)
  })),
  ignoreFileParsing: Schema.Array(Schema.Struct({
    text: Schema.optional(Schema.String),
    textSpec: Schema.optional(Schema.Unknown),
    patterns: Schema.optional(Schema.Array(Schema.String)),
    matcherError: Schema.optional(Schema.String),
    error: Schema.optional(Schema.String)
  })),
  treeCases: Schema.Array(Schema.Struct({
    name: Schema.String,
    files: Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) }),
    contextEntries: Schema.NullOr(Schema.Array(Schema.String)),
    buildkitContext: Schema.NullOr(Schema.Array(Schema.String))
  }))
})

const path = fileURLToPath(new URL("../../../../shared/vectors/dockerignore.json", import.meta.url))

const ignored = (patterns: ReadonlyArray<string>, path: string) =>
  Either.map(DockerIgnore.make(patterns), (ignore) => DockerIgnore.ignores(ignore, path))

if (existsSync(path)) {
  const vectors = Schema.decodeUnknownSync(Schema.parseJson(Vectors))(readFileSync(path, "utf8"))

  describe("dockerignore.json", () => {
    it("matches like moby/patternmatcher", () => {
      for (const { error, match, path, patterns } of vectors.matchCases) {
        const result = ignored(patterns, path)
        assert.strictEqual(
          Either.getOrElse(result, () => "error"),
          error === undefined ? match : "error",
          `${JSON.stringify(patterns)} ${path}`
        )
      }
    })

    it("parses ignore files like moby/patternmatcher", () => {
      for (
        const { error, matcherError, patterns, text = `a\n${"y".repeat(65536)}\nb\n` } of vectors.ignoreFileParsing
      ) {
        const parsed = DockerIgnore.parse(text)
        assert.deepStrictEqual(Either.getOrUndefined(parsed), error === undefined ? patterns : undefined, text)
        assert.strictEqual(
          Either.isLeft(DockerIgnore.fromText(text)),
          error !== undefined || matcherError !== undefined,
          text
        )
      }
    })

    for (const [reader, hasher] of hashers) {
      it.scopedLive.each(vectors.treeCases)(
        `walks a tree like BuildKit with ${reader}: $name`,
        (tree) =>
          Effect.gen(function*() {
            const root = yield* directoryOf(
              Object.fromEntries(Object.entries(tree.files).map(([path, content]) => [path, content ?? ""]))
            )
            const ignore = DockerIgnore.fromText(tree.files[".dockerignore"] ?? "")
            if (tree.buildkitContext === null) return assert.isTrue(Either.isLeft(ignore))
            const { tree: walk } = yield* Hasher.Hasher
            const include = DockerIgnore.include(yield* ignore)
            const entries = yield* Stream.runCollect(walk(root, { include }))
            const files = (paths: ReadonlyArray<string> | null) =>
              (paths ?? []).filter((path) => !path.endsWith("/")).sort()
            const found = Array.from(entries, ({ path }) => path).sort()
            assert.deepStrictEqual(found, files(tree.buildkitContext))
            // The classic builder always receives these two files, and ignores some negated patterns.
            const always = [".dockerignore", "Dockerfile"]
            assert.includeMembers([...found, ...always], files(tree.contextEntries))
          }).pipe(Effect.provide(hasher), Effect.provide(NodeContext.layer))
      )
    }
  })
} else if (process.env.CI === "true") {
  it("dockerignore.json exists", () => assert.fail(`${path} is missing`))
}
