/**
 * Hashes of build inputs, used as tags to avoid building the same image twice.
 *
 * Instructions are hashed as the segment `content` and their text. A directory is hashed as the segment `directory`
 * and, for each regular file, `file.path`, its path, `file.content` and its bytes, in the order of {@link
 * FileTree.walk}. `build-arguments` with names and values and `labels` with names and values follow, each sorted by the
 * bytes of the names. Each segment is preceded by its length, as {@link SegmentHasher} does.
 *
 * Extensions add segments only where they apply: `file.executable` after the path of a file with an executable bit;
 * `link.path`, the path, `link.target` and the target of a symbolic link, which is not followed; `target`,
 * `dockerfile`, `dockerfile.content` and `platform` before the build arguments. Other mode bits, times, owners and
 * empty directories are not hashed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { isUint8Array } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as FileTree from "./author/FileTree.js"
import * as SegmentHasher from "./author/SegmentHasher.js"
import { Hasher } from "./Hasher.js"
import { compareUtf8 } from "./internal/values/text.js"
import * as Platform from "./Platform.js"
import * as Reference from "./Reference.js"

/**
 * Schema of content hashes: 64 lower-case hexadecimal digits, also valid as a tag.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ContentHash = Reference.Tag.pipe(
  Schema.pattern(/^[0-9a-f]{64}$/),
  Schema.brand("@ociman/oci/ContentHash")
).annotations({ identifier: "ContentHash" })

/**
 * Content hash: 64 lower-case hexadecimal digits, also valid as a tag.
 *
 * @since 0.1.0
 * @category models
 */
export type ContentHash = typeof ContentHash.Type

/**
 * Build inputs other than the instructions or the directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly buildArguments?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Target stage. Default: the last stage. */
  readonly target?: string | undefined
  /** Path of the Dockerfile. Default: the builder's own. */
  readonly dockerfile?: string | undefined
  /** Content of a Dockerfile that is not in the directory. */
  readonly dockerfileContent?: Uint8Array | undefined
  /** Target platform. Default: the engine's own. */
  readonly platform?: Platform.Platform | undefined
}

const pushPairs = (hasher: SegmentHasher.SegmentHasher, pairs: Readonly<Record<string, string>>): void => {
  for (const [key, value] of Record.toEntries(pairs).sort(([a], [b]) => compareUtf8(a, b))) {
    hasher.push(key)
    hasher.push(value)
  }
}

const pushOptions = (
  hasher: SegmentHasher.SegmentHasher,
  { buildArguments = {}, dockerfile, dockerfileContent, labels = {}, platform, target }: Options
): void => {
  const extras = {
    target,
    dockerfile,
    "dockerfile.content": dockerfileContent,
    platform: platform && Platform.format(Platform.normalize(platform))
  }
  for (const [name, value] of Object.entries(extras)) {
    if (value !== undefined) {
      hasher.push(name)
      hasher.push(value)
    }
  }
  // A build argument named "labels" is otherwise indistinguishable from the end of the arguments.
  if (Record.has(buildArguments, "labels")) {
    hasher.push("build-arguments.count")
    hasher.push(String(Record.size(buildArguments)))
  }
  hasher.push("build-arguments")
  pushPairs(hasher, buildArguments)
  hasher.push("labels")
  pushPairs(hasher, labels)
}

const pushEntry = (hasher: SegmentHasher.SegmentHasher, entry: FileTree.Entry) => {
  if (entry._tag === "Symlink") {
    hasher.push("link.path")
    hasher.push(entry.path)
    hasher.push("link.target")
    hasher.push(entry.target)
    return Effect.void
  }
  hasher.push("file.path")
  hasher.push(entry.path)
  if (entry.executable) hasher.push("file.executable")
  hasher.push("file.content")
  if (!isUint8Array(entry.content)) return hasher.pushStream(entry.size, entry.content)
  hasher.push(entry.content)
  return Effect.void
}

/**
 * Hashes the instructions of a Dockerfile that needs no files.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { ContentHash, Reference } from "@ociman/oci"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect } from "effect"
 *
 * const program = Effect.map(
 *   ContentHash.instructions("FROM alpine:latest\nRUN echo hi\n"),
 *   (hash) => String(Reference.make("localhost/app").pipe(Reference.withTag(hash)))
 * )
 *
 * assert.strictEqual(
 *   Effect.runSync(Effect.provide(program, NodeHasher.layer)),
 *   "localhost/app:1cbea05f52e5c9363be837416de133a594cedce4ba790117295f93432f395c5d"
 * )
 */
export const instructions = (text: string, options: Options = {}): Effect.Effect<ContentHash, never, Hasher> =>
  Effect.map(SegmentHasher.make, (hasher) => {
    hasher.push("content")
    hasher.push(text)
    pushOptions(hasher, options)
    return ContentHash.make(hasher.digest())
  })

/**
 * Hashes a directory used as a build context. `include` selects the entries. An unreadable entry is an error with its
 * path.
 *
 * @since 0.1.0
 * @category constructors
 */
export const directory = (
  path: string,
  options: Options & FileTree.Options = {}
): Effect.Effect<ContentHash, FileTree.FileTreeError, Hasher> =>
  Effect.gen(function*() {
    const { tree } = yield* Hasher
    const hasher = yield* SegmentHasher.make
    hasher.push("directory")
    yield* Stream.runForEach(tree(path, options), (entry) => Effect.suspend(() => pushEntry(hasher, entry)))
    pushOptions(hasher, options)
    return ContentHash.make(hasher.digest())
  }).pipe(Effect.withSpan("ContentHash.directory", { captureStackTrace: false, attributes: { path } }))
