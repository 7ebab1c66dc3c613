import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ContentError, UnsupportedDigest } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import * as Digest from "../../Digest.js"
import * as indexEntries from "../documents/indexEntries.js"
import * as links from "../documents/links.js"
import { collect } from "../values/bytes.js"
import type { Readable } from "./model.js"

type Entries = ReadonlyArray<Descriptor>

/**
 * Collects all digests reachable from the entries. A digest may be listed as a blob by one document and as a manifest
 * by another, so a reached digest does not mean that its document was read.
 */
const walk = Effect.fnUntraced(function*(store: Readable, roots: Entries) {
  const reached = new Set<string>()
  const walked = new Set<string>()
  const pending = Array.from(roots)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    reached.add(next.digest)
    const key = `${next.digest} ${next.size} ${links.isDocument(next.mediaType)}`
    if (walked.has(key)) continue
    walked.add(key)
    const found = yield* documentOf(store, next)
    if (Option.isNone(found)) continue
    for (const blob of found.value.blobs) {
      reached.add(blob.digest)
      if (links.isDocument(blob.mediaType)) pending.push(blob)
    }
    for (const child of found.value.manifests) pending.push(child)
  }
  return reached
})

/**
 * Links of an entry. An entry of an unknown media type may be a document of a later specification, so it is read if
 * possible. An unreadable manifest or index fails the collection, since everything it refers to would be removed.
 */
const documentOf = (
  store: Readable,
  entry: Descriptor
): Effect.Effect<Option.Option<links.Links>, ContentError> =>
  Effect.gen(function*() {
    const known = links.isDocument(entry.mediaType)
    if (!Digest.isDigest(entry.digest)) {
      return known ? yield* new UnsupportedDigest({ digest: entry.digest }) : Option.none()
    }
    if (entry.data === undefined && !(yield* store.exists(entry))) return Option.none()
    if (!known && entry.size > links.limits.limit) return Option.none()
    const bytes = yield* collect(store.fetch(entry))
    return yield* known ? Effect.asSome(links.read(bytes)) : Effect.option(links.read(bytes))
  })

/** Computes the entries to keep, and everything reachable from them. */
export const mark = Effect.fnUntraced(function*(store: Readable, entries: Entries, unnamed: boolean) {
  if (!unnamed) return { entries, digests: yield* walk(store, entries) }
  let kept: Entries = entries.filter((entry) => indexEntries.nameOf(entry) !== undefined)
  for (;;) {
    const digests = yield* walk(store, kept)
    const about: Array<Descriptor> = []
    for (const entry of entries) {
      if (kept.includes(entry)) continue
      const subject = Option.flatMap(yield* documentOf(store, entry), (_) => _.subject)
      if (Option.exists(subject, (_) => digests.has(_.digest)) || digests.has(entry.digest)) about.push(entry)
    }
    if (about.length === 0) return { entries: entries.filter((entry) => kept.includes(entry)), digests }
    kept = [...kept, ...about]
  }
})

interface Sweep {
  readonly at: (...names: ReadonlyArray<string>) => string
  readonly prefix: string
  /** Modification time in milliseconds; only older files are removed. */
  readonly before: number
  readonly reachable: ReadonlySet<string>
}

/** Removes unreachable content and old temporary files. Other files are left alone. */
export const sweep = (
  fs: FileSystem.FileSystem,
  { at, before, prefix, reachable }: Sweep
): Effect.Effect<{ readonly digests: ReadonlyArray<Digest.Digest>; readonly bytes: number }, PlatformError> =>
  Effect.gen(function*() {
    const removeOld = Effect.fnUntraced(function*(location: string) {
      const isLink = yield* Effect.isSuccess(fs.readLink(location))
      const info = yield* Effect.option(fs.stat(location))
      if (isLink || Option.isNone(info) || info.value.type !== "File") return Option.none()
      const touched = Option.match(info.value.mtime, { onNone: () => Infinity, onSome: (_) => _.getTime() })
      if (touched > before) return Option.none()
      yield* fs.remove(location, { force: true })
      return Option.some(Number(info.value.size))
    })

    const digests: Array<Digest.Digest> = []
    let bytes = 0
    for (const algorithm of ["sha256", "sha512"]) {
      const names = yield* Effect.orElseSucceed(fs.readDirectory(at("blobs", algorithm)), () => [])
      for (const encoded of names) {
        const digest = `${algorithm}:${encoded}`
        if (!Digest.isDigest(digest) || reachable.has(digest)) continue
        const size = yield* removeOld(at("blobs", algorithm, encoded))
        if (Option.isNone(size)) continue
        digests.push(digest)
        bytes += size.value
      }
    }
    for (const name of yield* fs.readDirectory(at())) {
      if (name.startsWith(prefix) && name.endsWith(".tmp")) yield* removeOld(at(name))
    }
    return { digests, bytes }
  })
