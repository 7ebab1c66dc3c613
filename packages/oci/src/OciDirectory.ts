/**
 * Image layouts in directories: a store that any tool can read, which any number of processes may use at once.
 *
 * Content is written to a file beside, forced to the disk and renamed; `index.json` likewise, under a lock between
 * processes and after all that it points to, names included. So whoever is killed leaves nothing half behind but a temporary file,
 * which {@link OciDirectory.collectGarbage} removes. Programs that know nothing of the lock can still change the index
 * at the same moment; that is noticed up to the last instant before the renaming.
 *
 * Manifests and indexes that were pushed have an entry in `index.json`, unless an index that has one lists them. The
 * name of an entry is its annotation `org.opencontainers.image.ref.name`, which can be any text.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type ContentError, ContentNotFound, isDamage, LayoutError } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import type * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageIndex from "./ImageIndex.js"
import * as ImageLayout from "./ImageLayout.js"
import * as ImageStore from "./ImageStore.js"
import * as durable from "./internal/durable.js"
import * as fileLock from "./internal/fileLock.js"
import * as garbage from "./internal/garbage.js"
import * as layoutVersion from "./internal/layoutVersion.js"
import * as regularFile from "./internal/regularFile.js"
import * as reusedFile from "./internal/reusedFile.js"

/**
 * What was collected.
 *
 * @since 0.1.0
 * @category models
 */
export interface Garbage {
  readonly digests: ReadonlyArray<Digest.Digest>
  /** How many bytes the content had. */
  readonly bytes: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GarbageOptions {
  /**
   * How long content that nothing points to is left alone, since somebody may be about to push what does. Pushing it
   * again begins the time anew. Default: one day.
   */
  readonly grace?: Duration.DurationInput | undefined
  /**
   * Whether manifests and indexes without a name go too, unless one with a name points to them or they are about one
   * that stays. Default: false.
   */
  readonly unnamed?: boolean | undefined
}

/**
 * A layout in a directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface OciDirectory extends ImageStore.Store {
  readonly path: string
  /** `index.json` as it is now. */
  readonly index: Effect.Effect<ImageIndex.ImageIndex, ContentError>
  /** Removes content that no entry of the index leads to, and what killed writers left behind. */
  readonly collectGarbage: (options?: GarbageOptions) => Effect.Effect<Garbage, ContentError>
}

const isNotFound = (error: LayoutError | PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

const unreadable = (path: string) => (cause: LayoutError | PlatformError): LayoutError =>
  cause._tag === "LayoutError"
    ? cause
    : new LayoutError({ path, reason: "Unreadable", rule: "cannot be read", cause })

const unwritable = (path: string) => (cause: unknown): LayoutError =>
  new LayoutError({ path, reason: "Unwritable", rule: "cannot be written", cause })

const prefix = ".ociman-"

/** How long to wait for who is receiving the same content before it is received twice. */
const patience = Duration.seconds(1)

/** Larger pieces than usual cost less on the way. */
const chunkSize = 512 * 1024

type Environment = FileSystem.FileSystem | Path.Path | Hasher.Hasher

const makeFiles = (fs: FileSystem.FileSystem, path: Path.Path, root: string) => {
  const at = (...names: ReadonlyArray<string>) => path.join(root, ...names)
  const marker = at(ImageLayout.markerName)
  const index = at(ImageLayout.indexName)
  const lockPath = at(`${prefix}lock`)
  const turn = Effect.unsafeMakeSemaphore(1)

  /** Fibers of this process take turns first, so that they need not poll. */
  const locked = <A, E>(f: (lock: fileLock.FileLock) => Effect.Effect<A, E>): Effect.Effect<A, E | LayoutError> =>
    turn.withPermits(1)(Effect.scoped(Effect.flatMap(fileLock.acquire(fs, lockPath), f)))

  /** The directory need not be there yet. */
  const rename = (from: string, to: string): Effect.Effect<void, LayoutError> =>
    fs.rename(from, to).pipe(
      Effect.catchIf(isNotFound, () =>
        Effect.zipRight(fs.makeDirectory(path.dirname(to), { recursive: true }), fs.rename(from, to))),
      Effect.mapError(unwritable(to))
    )

  /** Writes beside and renames; `commit` is what happens in between, and says whether it did. */
  const replaceBy = <E, E2>(
    target: string,
    write: (temporary: string) => Effect.Effect<void, E>,
    commit: (rename: Effect.Effect<void, LayoutError>) => Effect.Effect<boolean, E2>
  ): Effect.Effect<boolean, E | E2 | LayoutError> =>
    Effect.flatMap(fileLock.token, (token) => {
      const temporary = at(`${prefix}${token}.tmp`)
      const clear = Effect.ignore(fs.remove(temporary, { force: true }))
      return write(temporary).pipe(
        Effect.zipRight(Effect.suspend(() => commit(rename(temporary, target)))),
        Effect.tap((done) => done ? Effect.void : clear),
        Effect.onError(() => clear)
      )
    })

  const replace = <E, E2>(
    target: string,
    content: Stream.Stream<Uint8Array, E>,
    commit: (rename: Effect.Effect<void, LayoutError>) => Effect.Effect<boolean, E2>
  ): Effect.Effect<boolean, E | E2 | LayoutError> =>
    replaceBy(
      target,
      // The source's own error passes; only what the file says is about the file.
      (temporary) =>
        Effect.mapError(
          durable.write(fs, temporary, Stream.mapError(content, (error) => ({ error }))),
          (failure) => "error" in failure ? failure.error : unwritable(target)(failure)
        ),
      commit
    )

  const readIndex = regularFile.read(fs, index, ImageIndex.codec.limit).pipe(
    Effect.mapError((error) =>
      isNotFound(error)
        ? new LayoutError({ path: root, reason: "MissingIndex", rule: "has no index.json" })
        : unreadable(index)(error)
    )
  )

  return { at, marker, index, locked, rename, replaceBy, replace, readIndex }
}

type Files = ReturnType<typeof makeFiles>

const checkVersion = (fs: FileSystem.FileSystem, files: Files, root: string) =>
  Effect.gen(function*() {
    const bytes = yield* Effect.mapError(regularFile.read(fs, files.marker, ImageLayout.codec.limit), (error) =>
      isNotFound(error)
        ? new LayoutError({
          path: root,
          reason: "NotALayout",
          rule: "has no file oci-layout, so it is no image layout"
        })
        : unreadable(files.marker)(error))
    yield* layoutVersion.check(root, bytes)
  })

const makeStore = (fs: FileSystem.FileSystem, path: Path.Path, root: string, files: Files) =>
  Effect.gen(function*() {
    const name = `the layout ${JSON.stringify(root)}`
    const blob = (digest: Digest.WellFormed) => files.at(...ImageLayout.blobPath(digest).split("/"))

    /** There is no lstat: what has a target is a link. */
    const refuseLink = (location: string, isNone: (error: PlatformError) => void = constVoid) =>
      Effect.matchEffect(fs.readLink(location), {
        onFailure: (error) => Effect.sync(() => isNone(error)),
        onSuccess: () => regularFile.symlink(location)
      })

    /** Directories that are there and are no links, of which each is looked at once. */
    const safe = new Set<string>()

    const refuseLinkedDirectory = (location: string) =>
      safe.has(location)
        ? Effect.void
        : refuseLink(location, (error) => {
          if (!isNotFound(error)) safe.add(location)
        })

    const refuseLinkedDirectories = (digest: Digest.Digest) =>
      Effect.zipRight(refuseLinkedDirectory(files.at("blobs")), refuseLinkedDirectory(path.dirname(blob(digest))))

    /** Fails unless the content of a digest is a regular file in directories that are no links. */
    const readable = (digest: Digest.Digest) =>
      Effect.zipRight(
        refuseLinkedDirectories(digest),
        Effect.mapError(regularFile.size(fs, blob(digest)), unread(digest))
      )

    const size = (digest: Digest.Digest) =>
      Effect.zipRight(
        refuseLinkedDirectories(digest),
        Effect.matchEffect(fs.stat(blob(digest)), {
          onFailure: (error) => isNotFound(error) ? Effect.succeedNone : unreadable(blob(digest))(error),
          onSuccess: (info) =>
            info.type === "File"
              ? Effect.as(refuseLink(blob(digest)), Option.some(Number(info.size)))
              : Effect.succeedNone
        })
      )

    const readBy = (stream: (path: string) => Stream.Stream<Uint8Array, PlatformError>) =>
    (
      digest: Digest.Digest
    ): Stream.Stream<Uint8Array, ContentError> =>
      Stream.fromEffect(readable(digest)).pipe(
        Stream.drain,
        Stream.concat(Stream.mapError(stream(blob(digest)), unread(digest)))
      )

    const isThere = (digest: Digest.Digest, expected: number) => Effect.map(size(digest), Option.contains(expected))

    const touch = (digest: Digest.Digest) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Effect.mapError(fs.utimes(blob(digest), now / 1000, now / 1000), unwritable(blob(digest)))
      )

    /** Under the lock, as is the collection of garbage: what this finds is not about to be taken. */
    const keep = (digest: Digest.Digest, expected: number) =>
      Effect.if(isThere(digest, expected), {
        onFalse: () => Effect.succeed(false),
        onTrue: () =>
          files.locked(() => Effect.tap(isThere(digest, expected), (there) => there ? touch(digest) : Effect.void))
      })

    /** Under the lock only if there is something of that name: it could be collected, and what takes its place with it. */
    const replacing = (digest: Digest.Digest, rename: Effect.Effect<void, LayoutError>) =>
      Effect.flatMap(size(digest), (found) => Option.isSome(found) ? files.locked(() => rename) : rename)

    const commit = (digest: Digest.Digest) => (rename: Effect.Effect<void, LayoutError>) =>
      Effect.as(replacing(digest, rename), true)

    const write = <E>(digest: Digest.Digest, content: Stream.Stream<Uint8Array, E>) =>
      Effect.asVoid(files.replace(blob(digest), content, commit(digest)))

    const writeBytes = (digest: Digest.Digest, bytes: Uint8Array) =>
      Effect.asVoid(files.replaceBy(
        blob(digest),
        (temporary) => Effect.mapError(durable.writeBytes(fs, temporary, bytes), unwritable(blob(digest))),
        commit(digest)
      ))

    const unread = (digest: Digest.Digest) => (error: LayoutError | PlatformError) =>
      isNotFound(error) ? new ContentNotFound({ content: digest, store: name }) : unreadable(blob(digest))(error)

    const readBytes = (digest: Digest.Digest) => Effect.mapError(fs.readFile(blob(digest)), unread(digest))

    /** The beginning of what is being received, which has the same name each time. */
    const kept = (location: string) =>
      Effect.gen(function*() {
        const size = yield* Effect.catchAll(
          regularFile.size(fs, location),
          (error) => isNotFound(error) ? Effect.succeed(0) : unreadable(location)(error)
        )
        const bytes = size === 0
          ? Stream.empty
          : Stream.mapError(fs.stream(location, { chunkSize, bytesToRead: size }), unreadable(location))
        return { size, bytes }
      })

    const append = <E>(digest: Digest.Digest, content: (kept: ImageStore.Kept) => Stream.Stream<Uint8Array, E>) =>
      Effect.scoped(Effect.gen(function*() {
        const temporary = files.at(`${prefix}${digest.replace(":", "-")}.tmp`)
        const lock = yield* Effect.timeoutOption(
          fileLock.acquire(fs, files.at(`${path.basename(temporary)}.lock.tmp`)),
          patience
        )
        // Somebody else is receiving it, and may be slow.
        if (Option.isNone(lock)) return yield* write(digest, content({ size: 0, bytes: Stream.empty }))
        const source = Stream.mapError(content(yield* kept(temporary)), (error) => ({ error }))
        yield* durable.append(fs, temporary, source).pipe(
          // What is damaged is of no use, and what there is no space for takes space that others need.
          Effect.tapError((failure) =>
            "error" in failure && !isDamage(failure.error)
              ? Effect.void
              : Effect.ignore(fs.remove(temporary, { force: true }))
          ),
          Effect.mapError((failure) => "error" in failure ? failure.error : unwritable(temporary)(failure))
        )
        yield* place(temporary, digest)
      }))

    const receive: ImageStore.Primitives["receive"] = (produce) =>
      Effect.flatMap(fileLock.token, (token) => {
        const temporary = files.at(`${prefix}${token}.tmp`)
        return durable.receive(fs, temporary, produce).pipe(
          Effect.tap(([digest]) => place(temporary, digest)),
          Effect.map(([, , result]) => result),
          Effect.onExit(() => Effect.ignore(fs.remove(temporary, { force: true })))
        )
      })

    const place = (temporary: string, digest: Digest.Digest) => replacing(digest, files.rename(temporary, blob(digest)))

    const index = Effect.flatMap(files.readIndex, ImageIndex.codec.decode)

    /** Changes the index under the lock that the caller holds. */
    const updateUnder = (
      lock: fileLock.FileLock,
      f: (entries: ReadonlyArray<Descriptor>) => ReadonlyArray<Descriptor>
    ) =>
      Effect.gen(function*() {
        const bytes = yield* files.readIndex
        const before = yield* ImageIndex.codec.decode(bytes)
        const manifests = f(before.manifests)
        if (manifests === before.manifests) {
          return true
        }
        const written = yield* ImageIndex.codec.encode({ ...before, manifests })
        const isUnchanged = Effect.map(
          files.readIndex,
          (now) => now.length === bytes.length && now.every((byte, i) => byte === bytes[i])
        )
        // The names of what the index leads to outlive a loss of power before it does.
        for (const algorithm of ["sha256", "sha512"]) yield* durable.syncDirectory(fs, files.at("blobs", algorithm))
        const committed = <E>(change: Effect.Effect<void, E>) =>
          Effect.flatMap(
            Effect.all([isUnchanged, lock.isHeld]),
            ([unchanged, held]) => unchanged && held ? Effect.as(change, true) : Effect.succeed(false)
          )
        const replaced = yield* files.replace(files.index, Stream.make(written), committed).pipe(
          // On a full disk, names can still be removed, which is what makes space.
          Effect.catchIf(
            (error) => error.reason === "Unwritable" && written.length <= bytes.length,
            (error) =>
              committed(Effect.orElseFail(durable.shorten(fs, files.index, written, bytes.length), () => error))
          )
        )
        yield* durable.syncDirectory(fs, root)
        return replaced
      })

    const updateEntries = (f: (entries: ReadonlyArray<Descriptor>) => ReadonlyArray<Descriptor>) =>
      files.locked((lock) => updateUnder(lock, f)).pipe(Effect.repeat({ until: (done) => done }), Effect.asVoid)

    const store = yield* ImageStore.make({
      name,
      read: readBy((path) => fs.stream(path, { chunkSize })),
      readBytes,
      readReused: readBy((path) => reusedFile.stream(fs, path)),
      size,
      keep,
      write,
      writeBytes,
      writesAtOnce: true,
      append,
      receive,
      remove: (digest) => Effect.mapError(fs.remove(blob(digest), { force: true }), unwritable(blob(digest))),
      entries: Effect.map(index, (_) => _.manifests),
      updateEntries
    })

    const collectGarbage = ({ grace = "1 day", unnamed = false }: GarbageOptions = {}) =>
      files.locked((lock) =>
        Effect.gen(function*() {
          const { manifests } = yield* index
          const reachable = yield* garbage.mark(store, manifests, unnamed)
          if (unnamed) {
            yield* Effect.repeat(updateUnder(lock, () => reachable.entries), { until: (done) => done })
          }
          const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(grace)
          return yield* garbage.sweep(fs, { at: files.at, prefix, before, reachable: reachable.digests }).pipe(
            Effect.mapError(unwritable(root))
          )
        })
      ).pipe(Effect.withSpan("OciDirectory.collectGarbage", { captureStackTrace: false, attributes: { path: root } }))

    return { ...store, path: root, index, collectGarbage } satisfies OciDirectory
  })

/**
 * The layout in a directory, which must be one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const files = makeFiles(fs, path, root)
    yield* checkVersion(fs, files, root)
    yield* Effect.flatMap(files.readIndex, ImageIndex.codec.decode)
    return yield* makeStore(fs, path, root, files)
  })

/** What is missing of an empty layout, in an order in which it is one only when it is whole. */
const initialize = (fs: FileSystem.FileSystem, files: Files, root: string) =>
  Effect.gen(function*() {
    const write = (path: string, bytes: Uint8Array) =>
      files.replace(path, Stream.make(bytes), (rename) =>
        Effect.mapError(fs.exists(path), unreadable(path)).pipe(
          Effect.flatMap((there) => there ? Effect.succeed(false) : Effect.as(rename, true))
        ))
    yield* Effect.mapError(fs.makeDirectory(files.at("blobs", "sha256"), { recursive: true }), unwritable(root))
    yield* files.locked(() =>
      Effect.gen(function*() {
        yield* write(files.index, yield* ImageIndex.codec.encode(ImageIndex.make([])))
        yield* write(files.marker, yield* ImageLayout.codec.encode(ImageLayout.current))
        yield* durable.syncDirectory(fs, root)
      })
    )
  })

/**
 * A new layout. The directory may be there but must not be a layout.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const files = makeFiles(fs, yield* Path.Path, root)
    if (yield* Effect.mapError(fs.exists(files.marker), unreadable(root))) {
      return yield* new LayoutError({ path: root, reason: "AlreadyExists", rule: "is an image layout already" })
    }
    yield* initialize(fs, files, root)
    return yield* open(root)
  })

/**
 * The layout in a directory; a new one if there is none. Several processes may do this at the same time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openOrCreate = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.catchIf(
    open(root),
    (error) => error._tag === "LayoutError" && (error.reason === "NotALayout" || error.reason === "MissingIndex"),
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* initialize(fs, makeFiles(fs, yield* Path.Path, root), root)
        return yield* open(root)
      })
  )

/**
 * The layout in a directory as the store of a program; a new one if there is none.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (root: string): Layer.Layer<ImageStore.ImageStore, ContentError, Environment> =>
  Layer.effect(ImageStore.ImageStore, openOrCreate(root))
