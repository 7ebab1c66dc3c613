/**
 * Hashes of what an image is built from, so that an image that was built from the same need not be built again.
 *
 * Instructions are the segments `content` and their text. A directory is the segment `directory`, and for each regular
 * file `file.path`, its path, `file.content` and its bytes, in the order of {@link FileTree.walk}. Then follow
 * `build-arguments` with names and values and `labels` with names and values, each sorted by the bytes of the names.
 * Everything is framed by {@link SegmentHasher}.
 *
 * What goes beyond adds segments where it is there and changes nothing where it is not: `file.executable` after the
 * path of a file that anyone may execute; `link.path`, the path, `link.target` and the target for a symbolic link, which
 * is not followed; `target`, `dockerfile`, `dockerfile.content` and `platform` before the build arguments. Other bits of the mode, times,
 * owners and empty directories are not part of the hash.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { isUint8Array } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as FileTree from "./FileTree.js"
import { Hasher } from "./Hasher.js"
import { compareUtf8 } from "./internal/text.js"
import * as Platform from "./Platform.js"
import * as Reference from "./Reference.js"
import * as SegmentHasher from "./SegmentHasher.js"

/**
 * 64 hexadecimal digits in lower case, which are a tag too.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ContentHash = Reference.Tag.pipe(
  Schema.pattern(/^[0-9a-f]{64}$/),
  Schema.brand("@ociman/oci/ContentHash")
).annotations({ identifier: "ContentHash" })

/**
 * 64 hexadecimal digits in lower case, which are a tag too.
 *
 * @since 0.1.0
 * @category models
 */
export type ContentHash = typeof ContentHash.Type

/**
 * What a build is given besides its instructions or its directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly buildArguments?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** The stage of the build that is wanted, where it is not the last. */
  readonly target?: string | undefined
  /** The path of the Dockerfile, where it is not the usual one. */
  readonly dockerfile?: string | undefined
  /** The content of the Dockerfile, where it is not in the directory. */
  readonly dockerfileContent?: Uint8Array | undefined
  /** The platform that is built for, where it is not the engine's own. */
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
  // An argument of this name could pass for the end of the arguments.
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
 * The hash of the instructions of a Dockerfile that needs no files.
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
 * The hash of a directory that is the context of a build. An entry that cannot be read is an error, with its path;
 * `include` says which entries count.
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
