/** A layout in an archive as a store, and how it is read and written. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Compression from "../Compression.js"
import { type ContentError, ContentNotFound, LayoutError } from "../ContentError.js"
import type * as Descriptor from "../Descriptor.js"
import type * as Digest from "../Digest.js"
import type * as Hasher from "../Hasher.js"
import * as ImageIndex from "../ImageIndex.js"
import * as ImageLayout from "../ImageLayout.js"
import * as ImageStore from "../ImageStore.js"
import * as MediaType from "../MediaType.js"
import type { OciArchive } from "../OciArchive.js"
import * as archiveFile from "./archiveFile.js"
import * as archiveWriting from "./archiveWriting.js"
import * as dockerManifest from "./dockerManifest.js"
import * as durable from "./durable.js"
import * as fileLock from "./fileLock.js"
import * as garbage from "./garbage.js"
import * as layoutVersion from "./layoutVersion.js"
import * as temporaryDirectory from "./temporaryDirectory.js"

export type Environment = FileSystem.FileSystem | Path.Path | Hasher.Hasher | Compression.Compression | Scope.Scope

export const unreadable = (path: string) => (cause: unknown): LayoutError =>
  new LayoutError({ path, reason: "Unreadable", rule: "cannot be read", cause })

const unwritable = (path: string) => (cause: unknown): LayoutError =>
  new LayoutError({ path, reason: "Unwritable", rule: "cannot be written", cause })

const isNotFound = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

/** Where the content of a digest is. */
interface Located {
  readonly size: number
  readonly read: Stream.Stream<Uint8Array, ContentError>
}

/** What an archive will have when it is saved, and the file as it is known. */
interface State {
  readonly compression: MediaType.Compression
  readonly identity: Option.Option<string>
  readonly blobs: ReadonlyMap<Digest.Digest, Located>
  readonly index: ImageIndex.ImageIndex
}

/** What an archive has that is not there yet. */
export const empty = (path: string): State => ({
  compression: archiveWriting.compressionOf(path),
  identity: Option.none(),
  blobs: new Map(),
  index: ImageIndex.make([])
})

/** What an archive has that is there. */
export const load = Effect.fnUntraced(function*(path: string) {
  const file = yield* archiveFile.open(path)
  const index = yield* file.bytes(ImageLayout.indexName, ImageIndex.codec.limit)
  if (Option.isNone(index)) {
    return Option.isSome(file.size(dockerManifest.fileName))
      ? yield* new LayoutError({
        path,
        reason: "MissingIndex",
        rule: "has no index.json, but is an archive of Docker: open it with DockerArchive"
      })
      : yield* new LayoutError({ path, reason: "NotALayout", rule: "has no index.json, so it is no image layout" })
  }
  // The crate ocipkg wrote archives without the marker; whatever else has an index is read as well.
  const marker = yield* file.bytes(ImageLayout.markerName, ImageLayout.codec.limit)
  if (Option.isSome(marker)) yield* layoutVersion.check(path, marker.value)
  const blobs = new Map<Digest.Digest, Located>()
  for (const name of file.paths) {
    const digest = ImageLayout.blobDigest(name)
    const size = file.size(name)
    if (Option.isSome(digest) && Option.isSome(size)) {
      blobs.set(digest.value, { size: size.value, read: file.read(name) })
    }
  }
  const state: State = {
    compression: file.outerCompression,
    identity: Option.some(file.identity),
    blobs,
    index: yield* ImageIndex.codec.decode(index.value)
  }
  return state
})

export const make = Effect.fnUntraced(function*(location: string, initial: State) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const context = yield* Effect.context<Environment>()
  const scope = yield* Effect.scope
  const ref = yield* Ref.make(initial)
  const saving = Effect.unsafeMakeSemaphore(1)
  const name = `the archive ${JSON.stringify(location)}`
  const failed = Effect.mapError(unwritable(location))

  /** The file itself, where the archive is a link to it. */
  const target = yield* fs.realPath(location).pipe(
    Effect.orElse(() => Effect.map(fs.readLink(location), (to) => path.resolve(path.dirname(location), to))),
    Effect.orElseSucceed(() => location)
  )

  /** Beside the archive, where there will have to be room for it anyway. */
  const staging = yield* Effect.cached(
    failed(temporaryDirectory.make(fs, { directory: path.dirname(target), prefix: ".ociman-staging-" })).pipe(
      Scope.extend(scope)
    )
  )

  const locate = (digest: Digest.Digest) => Effect.map(ref, ({ blobs }) => Option.fromNullable(blobs.get(digest)))

  const setBlobs = (f: (blobs: Map<Digest.Digest, Located>) => void) =>
    Ref.update(ref, (state) => {
      const blobs = new Map(state.blobs)
      f(blobs)
      return { ...state, blobs }
    })

  const size = (digest: Digest.Digest) => Effect.map(locate(digest), Option.map((_) => _.size))

  const write = <E>(digest: Digest.Digest, content: Stream.Stream<Uint8Array, E>) =>
    Effect.gen(function*() {
      const staged = path.join(yield* staging, yield* fileLock.token)
      yield* durable.write(fs, staged, Stream.mapError(content, (error) => ({ error }))).pipe(
        Effect.mapError((failure) => "error" in failure ? failure.error : unwritable(staged)(failure)),
        Effect.onError(() => Effect.ignore(fs.remove(staged, { force: true })))
      )
      yield* addStaged(digest, staged)
    })

  const addStaged = (digest: Digest.Digest, staged: string) =>
    Effect.flatMap(
      failed(fs.stat(staged)),
      ({ size }) =>
        setBlobs((blobs) =>
          blobs.set(digest, { size: Number(size), read: Stream.mapError(fs.stream(staged), unreadable(staged)) })
        )
    )

  const receive: ImageStore.Primitives["receive"] = (produce) =>
    Effect.gen(function*() {
      const staged = path.join(yield* staging, yield* fileLock.token)
      const [digest, , result] = yield* durable.receive(fs, staged, produce).pipe(
        Effect.onError(() => Effect.ignore(fs.remove(staged, { force: true })))
      )
      return yield* Effect.as(addStaged(digest, staged), result)
    })

  const updateEntries = (f: (entries: ReadonlyArray<Descriptor.Descriptor>) => ReadonlyArray<Descriptor.Descriptor>) =>
    Ref.update(ref, (state) => ({ ...state, index: { ...state.index, manifests: f(state.index.manifests) } }))

  const store = yield* ImageStore.make({
    name,
    read: (digest) =>
      Stream.unwrap(Effect.map(
        locate(digest),
        Option.match({
          onNone: () => Stream.fail(new ContentNotFound({ content: digest, store: name })),
          onSome: ({ read }) => read
        })
      )),
    size,
    keep: (digest, expected) => Effect.map(size(digest), Option.contains(expected)),
    write,
    writesAtOnce: true,
    receive,
    remove: (digest) => setBlobs((blobs) => blobs.delete(digest)),
    entries: Effect.map(ref, ({ index }) => index.manifests),
    updateEntries
  })

  const identity = fs.stat(location).pipe(
    Effect.map((info) => Option.some(archiveFile.identityOf(info))),
    Effect.catchAll((error) => isNotFound(error) ? Effect.succeedNone : unreadable(location)(error))
  )

  const checkUnchanged = (expected: Option.Option<string>) =>
    Effect.flatMap(
      identity,
      (actual) =>
        Option.getOrElse(actual, () => "") === Option.getOrElse(expected, () => "") ? Effect.void : new LayoutError({
          path: location,
          reason: "Changed",
          rule: "was changed by somebody else since it was opened: open it again"
        })
    )

  const bytesOf = ({ blobs, compression, index }: State) =>
    Stream.unwrap(Effect.map(
      dockerManifest.imagesOf(store, index.manifests),
      (images) => {
        const content = Array.from(blobs, ([digest, { size }]) => ({
          digest,
          size,
          // Verified on the way, so that damage is not passed on.
          content: store.fetch({ mediaType: MediaType.OctetStream, digest, size })
        }))
        return archiveWriting.compressed(compression, archiveWriting.write(name, index, images, content))
      }
    ))

  const unsaved = (error: Compression.CompressionError | ContentError | PlatformError) =>
    error._tag === "BadArgument" || error._tag === "CompressionError" || error._tag === "SystemError"
      ? unwritable(location)(error)
      : error

  /** Gives a file the owner, as far as that is allowed, and the permissions of the archive that it replaces. */
  const inheritAttributes = Effect.fnUntraced(function*(temporary: string) {
    const { gid, mode, uid } = yield* fs.stat(target)
    if (Option.isSome(uid) && Option.isSome(gid)) {
      yield* Effect.ignore(fs.chown(temporary, uid.value, gid.value))
    }
    yield* fs.chmod(temporary, mode & 0o777)
  })

  const save = Effect.gen(function*() {
    const state = yield* ref
    yield* checkUnchanged(state.identity)
    const temporary = path.join(yield* staging, yield* fileLock.token)
    // Until it has the owner of the one that it replaces, others must not read what they could not read before.
    const mode = Option.isSome(state.identity) ? 0o600 : undefined
    yield* durable.write(fs, temporary, Stream.mapError(bytesOf(state), (error) => ({ error })), mode).pipe(
      Effect.mapError((failure) => unsaved("error" in failure ? failure.error : failure)),
      Effect.zipRight(checkUnchanged(state.identity)),
      Effect.zipRight(Option.isSome(state.identity) ? failed(inheritAttributes(temporary)) : Effect.void),
      Effect.zipRight(failed(fs.rename(temporary, target))),
      Effect.onExit(() => Effect.ignore(fs.remove(temporary, { force: true })))
    )
    yield* durable.syncDirectory(fs, path.dirname(target))
    const saved = yield* load(location)
    yield* Ref.update(ref, (now) => ({
      compression: now.compression,
      identity: saved.identity,
      blobs: new Map(Array.from(now.blobs, ([digest, blob]) => [digest, saved.blobs.get(digest) ?? blob])),
      index: now.index
    }))
  }).pipe(
    saving.withPermits(1),
    Effect.provide(context),
    Effect.withSpan("OciArchive.save", { captureStackTrace: false, attributes: { path: location } })
  )

  const collectGarbage: OciArchive["collectGarbage"] = ({ unnamed = false } = {}) =>
    Effect.gen(function*() {
      const { blobs, index } = yield* ref
      const reachable = yield* garbage.mark(store, index.manifests, unnamed)
      const dropped = Array.from(blobs).filter(([digest]) => !reachable.digests.has(digest))
      yield* updateEntries((entries) =>
        entries.filter((entry) => !index.manifests.includes(entry) || reachable.entries.includes(entry))
      )
      yield* setBlobs((blobs) => {
        for (const [digest] of dropped) blobs.delete(digest)
      })
      return {
        digests: dropped.map(([digest]) => digest),
        bytes: dropped.reduce((sum, [, { size }]) => sum + size, 0)
      }
    })

  return {
    ...store,
    path: location,
    index: Effect.map(ref, ({ index }) => index),
    collectGarbage,
    save
  } satisfies OciArchive
})
