/**
 * Image layouts in archives: one file with everything in it, which skopeo, umoci and engines read.
 *
 * Opening an archive reads the headers in it and nothing else, however large it is, and content is then read from where
 * it lies. One that is compressed is decompressed to a temporary file first. What is pushed, named or deleted is kept
 * beside until {@link OciArchive.save} writes the archive anew, which others see whole or not at all.
 *
 * Written archives are Docker's too, by a file `manifest.json`, so that every Docker and Podman loads the images that
 * are in them; and the same content makes the same bytes.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Compression from "./Compression.js"
import { type ContentError, ContentNotFound, LayoutError } from "./ContentError.js"
import * as Copy from "./Copy.js"
import * as Descriptor from "./Descriptor.js"
import * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageIndex from "./ImageIndex.js"
import * as ImageLayout from "./ImageLayout.js"
import * as ImageStore from "./ImageStore.js"
import * as archiveFile from "./internal/archiveFile.js"
import * as archiveWriting from "./internal/archiveWriting.js"
import * as dockerManifest from "./internal/dockerManifest.js"
import * as durable from "./internal/durable.js"
import * as entriesOf from "./internal/entries.js"
import * as fileLock from "./internal/fileLock.js"
import * as garbage from "./internal/garbage.js"
import * as layoutVersion from "./internal/layoutVersion.js"
import * as MediaType from "./MediaType.js"
import type * as OciDirectory from "./OciDirectory.js"
import type * as Platform from "./Platform.js"

/**
 * A layout in an archive.
 *
 * @since 0.1.0
 * @category models
 */
export interface OciArchive extends ImageStore.Store {
  readonly path: string
  /** The index as it would be saved now. */
  readonly index: Effect.Effect<ImageIndex.ImageIndex, ContentError>
  /** Leaves out what no entry of the index leads to. Like everything else, it changes the file when that is saved. */
  readonly collectGarbage: (
    options?: Pick<OciDirectory.GarbageOptions, "unnamed">
  ) => Effect.Effect<OciDirectory.Garbage, ContentError>
  /**
   * Writes the archive: to a file beside, which is forced to the disk and renamed. It is compressed as it was when it
   * was opened; a new one by its name, if that ends with `.gz`, `.tgz`, `.zst` or `.tzst`. If somebody else has changed the
   * archive since it was opened or saved, it is left as it is, and the error is a `LayoutError` with the reason
   * `Changed`.
   */
  readonly save: Effect.Effect<void, ContentError>
}

type Environment = FileSystem.FileSystem | Path.Path | Hasher.Hasher | Compression.Compression | Scope.Scope

const unreadable = (path: string) => (cause: unknown): LayoutError =>
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

const empty = (path: string): State => ({
  compression: archiveWriting.compressionOf(path),
  identity: Option.none(),
  blobs: new Map(),
  index: ImageIndex.make([])
})

const load = Effect.fnUntraced(function*(path: string) {
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

const makeArchive = Effect.fnUntraced(function*(location: string, initial: State) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const context = yield* Effect.context<Environment>()
  const scope = yield* Effect.scope
  const ref = yield* Ref.make(initial)
  const saving = Effect.unsafeMakeSemaphore(1)
  const name = `the archive ${JSON.stringify(location)}`
  const failed = Effect.mapError(unwritable(location))

  /** Beside the archive, where there will have to be room for it anyway. */
  const staging = yield* Effect.cached(
    failed(fs.makeTempDirectoryScoped({ directory: path.dirname(location), prefix: ".ociman-" })).pipe(
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
          onNone: () => Stream.fail(new ContentNotFound({ name: digest, store: name })),
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

  const save = Effect.gen(function*() {
    const state = yield* ref
    yield* checkUnchanged(state.identity)
    const temporary = path.join(path.dirname(location), `.ociman-${yield* fileLock.token}.tmp`)
    yield* durable.write(fs, temporary, Stream.mapError(bytesOf(state), (error) => ({ error }))).pipe(
      Effect.mapError((failure) => unsaved("error" in failure ? failure.error : failure)),
      Effect.zipRight(checkUnchanged(state.identity)),
      Effect.zipRight(failed(fs.rename(temporary, location))),
      Effect.onExit(() => Effect.ignore(fs.remove(temporary, { force: true })))
    )
    yield* durable.syncDirectory(fs, path.dirname(location))
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

const opened = <E, R>(effect: Effect.Effect<OciArchive, E, R>, path: string) =>
  Effect.withSpan(effect, "OciArchive.open", { captureStackTrace: false, attributes: { path } })

/**
 * The layout in an archive, which must be there. The archive and what is kept beside it are let go when the scope is
 * closed; what was not saved by then is lost.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (path: string): Effect.Effect<OciArchive, ContentError, Environment> =>
  opened(Effect.flatMap(load(path), (state) => makeArchive(path, state)), path)

/**
 * A new layout, which becomes an archive when it is saved. There must be nothing of that name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (path: string): Effect.Effect<OciArchive, ContentError, Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* Effect.mapError(fs.exists(path), unreadable(path))) {
      return yield* new LayoutError({ path, reason: "AlreadyExists", rule: "is there already" })
    }
    return yield* makeArchive(path, empty(path))
  })

/**
 * The layout in an archive; a new one if there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openOrCreate = (path: string): Effect.Effect<OciArchive, ContentError, Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const there = yield* Effect.mapError(fs.exists(path), unreadable(path))
    return yield* there ? open(path) : makeArchive(path, empty(path))
  })

/**
 * Opens or makes an archive, changes it, and saves it if the change succeeds.
 *
 * @since 0.1.0
 * @category combinators
 */
export const edit = <A, E, R>(
  path: string,
  change: (archive: OciArchive) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | ContentError, R | Exclude<Environment, Scope.Scope>> =>
  Effect.scoped(Effect.flatMap(
    openOrCreate(path),
    (archive) => Effect.zipLeft(change(archive), archive.save)
  ))

/**
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /**
   * Of an index, which image an engine loads that knows nothing of indexes: those before Docker 25. The archive has all
   * of them. Default: the first one.
   */
  readonly platform?: Platform.Platform | undefined
  /** Whether engines that know nothing of layouts can load it. Default: true. */
  readonly docker?: boolean | undefined
}

/** What keeps nothing, so that everything would have to be copied there. */
const nowhere: ImageStore.Writable = {
  name: "nowhere",
  exists: () => Effect.succeed(false),
  push: () => Effect.dieMessage("Nothing is pushed to nowhere"),
  tag: () => Effect.void
}

/**
 * The bytes of an archive with what has these names in a store, for what `docker load`, `podman load` and others read.
 * Nothing is kept beside: content is read from the store as the archive gets to it.
 *
 * An engine is told to call an image what it is called in the store, if that is a reference with a tag or a domain.
 *
 * @since 0.1.0
 * @category destructors
 */
export const stream = (
  from: Copy.Source,
  names: Iterable<string>,
  { docker = true, platform }: StreamOptions = {}
): Stream.Stream<Uint8Array, ContentError, Hasher.Hasher> =>
  Stream.unwrap(Effect.gen(function*() {
    const blobs: Array<Descriptor.Descriptor> = []
    const entries: Array<Descriptor.Descriptor> = []
    for (const name of names) {
      const root = yield* from.resolve(name)
      const { groups } = yield* Copy.plan(from, Descriptor.bare(root), nowhere)
      for (const { action, descriptor } of groups.flat()) {
        if (action === "Copy") blobs.push(descriptor)
      }
      entries.push(Digest.isDigest(name) ? Descriptor.bare(root) : entriesOf.withName(root, name))
    }
    const images = docker ? yield* dockerManifest.imagesOf(from, entries, platform) : []
    return archiveWriting.write(
      from.name,
      ImageIndex.make(docker ? entries.map(dockerManifest.withEngineName) : entries),
      images,
      blobs.map((descriptor) => ({ ...descriptor, content: from.fetch(descriptor) }))
    )
  }))
