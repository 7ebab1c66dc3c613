/** Store of a layout in an archive. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ImageLayout from "../../author/ImageLayout.js"
import type * as Compression from "../../Compression.js"
import { type ContentError, ContentNotFound, LayoutError } from "../../ContentError.js"
import type * as Descriptor from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"
import type * as Hasher from "../../Hasher.js"
import * as ImageIndex from "../../ImageIndex.js"
import * as MediaType from "../../MediaType.js"
import * as dockerManifest from "../documents/dockerManifest.js"
import * as layoutVersion from "../documents/layoutVersion.js"
import * as durable from "../files/durable.js"
import * as fileLock from "../files/fileLock.js"
import { isNotFound } from "../files/platformError.js"
import * as temporaryDirectory from "../files/temporaryDirectory.js"
import * as derivedStore from "../stores/derived.js"
import type { StoreDriver } from "../stores/driver.js"
import * as garbage from "../stores/garbage.js"
import type { Store } from "../stores/model.js"
import * as archiveFile from "./archiveFile.js"
import * as archiveWriting from "./archiveWriting.js"
import { unreadable, unwritable } from "./errors.js"

export type Environment = FileSystem.FileSystem | Path.Path | Hasher.Hasher | Compression.Compression | Scope.Scope

/** Size and content of a blob. */
interface Located {
  readonly size: number
  readonly read: Stream.Stream<Uint8Array, ContentError>
}

/** Content of an archive as of the next save, and the identity of the current file. */
interface State {
  readonly compression: MediaType.Compression
  readonly identity: Option.Option<string>
  readonly blobs: ReadonlyMap<Digest.Digest, Located>
  readonly index: ImageIndex.ImageIndex
}

/** State of a new archive. */
export const empty = (path: string): State => ({
  compression: archiveWriting.compressionOf(path),
  identity: Option.none(),
  blobs: new Map(),
  index: ImageIndex.make([])
})

/** Loads the state of an existing archive. */
export const load = Effect.fnUntraced(function*(path: string) {
  const file = yield* archiveFile.open(path)
  const index = yield* file.bytes(ImageLayout.indexName, ImageIndex.codec.limit)
  if (Option.isNone(index)) {
    return Option.isSome(file.size(dockerManifest.fileName))
      ? yield* new LayoutError({
        path,
        reason: "MissingIndex",
        rule: "has no index.json, but is a Docker archive: open it with DockerArchive"
      })
      : yield* new LayoutError({ path, reason: "NotALayout", rule: "has no index.json, so it is not an image layout" })
  }
  // Archives of the crate ocipkg have no marker; anything with an index is read.
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

interface Context {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  /** Path of the archive, possibly a link. */
  readonly location: string
  /** Path of the archive file. */
  readonly target: string
  /** Display name of the store. */
  readonly name: string
  readonly state: Ref.Ref<State>
  /** Staging directory beside the archive, on the file system that needs the space anyway. */
  readonly staging: Effect.Effect<string, LayoutError>
}

const makeContext = Effect.fnUntraced(function*(location: string, initial: State) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const scope = yield* Effect.scope
  const target = yield* fs.realPath(location).pipe(
    Effect.orElse(() => Effect.map(fs.readLink(location), (to) => path.resolve(path.dirname(location), to))),
    Effect.orElseSucceed(() => location)
  )
  const staging = yield* Effect.cached(
    temporaryDirectory.make(fs, { directory: path.dirname(target), prefix: ".ociman-staging-" }).pipe(
      Effect.mapError(unwritable(location)),
      Scope.extend(scope)
    )
  )
  const name = `the archive ${JSON.stringify(location)}`
  const self: Context = { fs, path, location, target, name, state: yield* Ref.make(initial), staging }
  return self
})

const stagedPath = ({ path, staging }: Context) =>
  Effect.zipWith(staging, fileLock.token, (directory, token) => path.join(directory, token))

const locate = ({ state }: Context, digest: Digest.Digest) =>
  Effect.map(Ref.get(state), ({ blobs }) => Option.fromNullable(blobs.get(digest)))

const setBlobs = ({ state }: Context, f: (blobs: Map<Digest.Digest, Located>) => void) =>
  Ref.update(state, (state) => {
    const blobs = new Map(state.blobs)
    f(blobs)
    return { ...state, blobs }
  })

const addStaged = (self: Context, digest: Digest.Digest, staged: string) =>
  Effect.flatMap(
    Effect.mapError(self.fs.stat(staged), unwritable(self.location)),
    ({ size }) =>
      setBlobs(self, (blobs) => {
        const read = Stream.mapError(self.fs.stream(staged), unreadable(staged))
        blobs.set(digest, { size: Number(size), read })
      })
  )

const write = <E>(self: Context, digest: Digest.Digest, content: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function*() {
    const staged = yield* stagedPath(self)
    yield* durable.writeStream(self.fs, staged, content, unwritable(staged)).pipe(
      Effect.onError(() => Effect.ignore(self.fs.remove(staged, { force: true })))
    )
    yield* addStaged(self, digest, staged)
  })

const receive = (self: Context): StoreDriver["receive"] => (produce) =>
  Effect.gen(function*() {
    const staged = yield* stagedPath(self)
    const [digest, , result] = yield* durable.receive(self.fs, staged, produce).pipe(
      Effect.onError(() => Effect.ignore(self.fs.remove(staged, { force: true })))
    )
    return yield* Effect.as(addStaged(self, digest, staged), result)
  })

const updateEntries = (
  { state }: Context,
  f: (entries: ReadonlyArray<Descriptor.Descriptor>) => ReadonlyArray<Descriptor.Descriptor>
) => Ref.update(state, (state) => ({ ...state, index: { ...state.index, manifests: f(state.index.manifests) } }))

const driver = (self: Context): StoreDriver => {
  const size = (digest: Digest.Digest) => Effect.map(locate(self, digest), Option.map((_) => _.size))
  return {
    name: self.name,
    read: (digest) =>
      Stream.unwrap(Effect.map(
        locate(self, digest),
        Option.match({
          onNone: () => Stream.fail(new ContentNotFound({ content: digest, store: self.name })),
          onSome: ({ read }) => read
        })
      )),
    size,
    keep: (digest, expected) => Effect.map(size(digest), Option.contains(expected)),
    write: (digest, content) => write(self, digest, content),
    consumesBuffers: true,
    receive: receive(self),
    remove: (digest) => setBlobs(self, (blobs) => blobs.delete(digest)),
    entries: Effect.map(Ref.get(self.state), ({ index }) => index.manifests),
    updateEntries: (f) => updateEntries(self, f)
  }
}

/** Fails if another process changed the archive since it was opened or saved. */
const checkUnchanged = ({ fs, location }: Context, expected: Option.Option<string>) =>
  fs.stat(location).pipe(
    Effect.map((info) => Option.some(archiveFile.identityOf(info))),
    Effect.catchAll((error) => isNotFound(error) ? Effect.succeedNone : unreadable(location)(error)),
    Effect.flatMap((actual) =>
      Option.getOrElse(actual, () => "") === Option.getOrElse(expected, () => "") ? Effect.void : new LayoutError({
        path: location,
        reason: "Changed",
        rule: "was changed by another process since it was opened: open it again"
      })
    )
  )

const bytesOf = ({ name }: Context, store: Store, { blobs, compression, index }: State) =>
  Stream.unwrap(Effect.map(
    dockerManifest.imagesOf(store, index.manifests),
    (images) => {
      const content = Array.from(blobs, ([digest, { size }]) => ({
        digest,
        size,
        // Verified, so that damage is not copied.
        content: store.fetch({ mediaType: MediaType.OctetStream, digest, size })
      }))
      return archiveWriting.compressed(compression, archiveWriting.write(name, index, images, content))
    }
  ))

const saveError =
  (location: string) => (error: Compression.CompressionError | ContentError | PlatformError): ContentError =>
    error._tag === "BadArgument" || error._tag === "CompressionError" || error._tag === "SystemError"
      ? unwritable(location)(error)
      : error

/** Copies permissions, and the owner if allowed, of the replaced archive. */
const inheritAttributes = ({ fs, target }: Context, temporary: string) =>
  Effect.gen(function*() {
    const { gid, mode, uid } = yield* fs.stat(target)
    if (Option.isSome(uid) && Option.isSome(gid)) {
      yield* Effect.ignore(fs.chown(temporary, uid.value, gid.value))
    }
    yield* fs.chmod(temporary, mode & 0o777)
  })

const save = Effect.fnUntraced(function*(self: Context, store: Store) {
  const { fs, location, path, target } = self
  const failed = Effect.mapError(unwritable(location))
  const state = yield* Ref.get(self.state)
  yield* checkUnchanged(self, state.identity)
  const temporary = yield* stagedPath(self)
  const isReplaced = Option.isSome(state.identity)
  // Until the owner is copied, other users must not be able to read the file.
  const mode = isReplaced ? 0o600 : undefined
  const context = yield* Effect.context<Hasher.Hasher | Compression.Compression>()
  const content = Stream.provideContext(bytesOf(self, store, state), context)
  yield* durable.writeStream(fs, temporary, Stream.mapError(content, saveError(location)), saveError(location), mode)
    .pipe(
      Effect.zipRight(checkUnchanged(self, state.identity)),
      Effect.zipRight(isReplaced ? failed(inheritAttributes(self, temporary)) : Effect.void),
      Effect.zipRight(failed(fs.rename(temporary, target))),
      Effect.onExit(() => Effect.ignore(fs.remove(temporary, { force: true })))
    )
  yield* durable.syncDirectory(fs, path.dirname(target))
  const saved = yield* load(location)
  yield* Ref.update(self.state, (now) => ({
    compression: now.compression,
    identity: saved.identity,
    blobs: new Map(Array.from(now.blobs, ([digest, blob]) => [digest, saved.blobs.get(digest) ?? blob])),
    index: now.index
  }))
})

const collectGarbage = Effect.fnUntraced(function*(self: Context, store: Store, unnamed: boolean) {
  const { blobs, index } = yield* Ref.get(self.state)
  const reachable = yield* garbage.mark(store, index.manifests, unnamed)
  const dropped = Array.from(blobs).filter(([digest]) => !reachable.digests.has(digest))
  yield* updateEntries(
    self,
    (entries) => entries.filter((entry) => !index.manifests.includes(entry) || reachable.entries.includes(entry))
  )
  yield* setBlobs(self, (blobs) => {
    for (const [digest] of dropped) blobs.delete(digest)
  })
  return {
    digests: dropped.map(([digest]) => digest),
    bytes: dropped.reduce((sum, [, { size }]) => sum + size, 0)
  }
})

export const make = Effect.fnUntraced(function*(location: string, initial: State) {
  const self = yield* makeContext(location, initial)
  const context = yield* Effect.context<Environment>()
  const store = yield* derivedStore.make(driver(self))
  const semaphore = Effect.unsafeMakeSemaphore(1)
  return {
    ...store,
    path: location,
    index: Effect.map(Ref.get(self.state), ({ index }) => index),
    collectGarbage: ({ unnamed = false }: { readonly unnamed?: boolean | undefined } = {}) =>
      collectGarbage(self, store, unnamed),
    save: save(self, store).pipe(
      semaphore.withPermits(1),
      Effect.provide(context),
      Effect.withSpan("OciArchive.save", { captureStackTrace: false, attributes: { path: location } })
    )
  }
})
