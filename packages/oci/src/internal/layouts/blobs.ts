/** Blobs of a layout in a directory. */
import type { PlatformError } from "@effect/platform/Error"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ImageLayout from "../../author/ImageLayout.js"
import { type ContentError, ContentNotFound, isDamage, type LayoutError } from "../../ContentError.js"
import type * as Digest from "../../Digest.js"
import * as durable from "../files/durable.js"
import * as fileLock from "../files/fileLock.js"
import { isNotFound } from "../files/platformError.js"
import * as regularFile from "../files/regularFile.js"
import * as reusedFile from "../files/reusedFile.js"
import type { PartialContent, StoreDriver } from "../stores/driver.js"
import { unreadable, unwritable } from "./errors.js"
import * as layoutFiles from "./files.js"

/** Maximum wait for a concurrent download of the same content, before it is downloaded twice. */
const patience = Duration.seconds(1)

/** Larger chunks than the default cost less overhead. */
const chunkSize = 512 * 1024

interface Context {
  readonly files: layoutFiles.LayoutFiles
  /** Display name of the store. */
  readonly name: string
  /** Existing directories known not to be links. Each is checked once. */
  readonly checked: Set<string>
}

const pathOf = ({ files }: Context, digest: Digest.WellFormed): string =>
  layoutFiles.at(files, ...ImageLayout.blobPath(digest).split("/"))

/** `FileSystem` has no lstat: a path with a link target is a link. */
const refuseLink = ({ files }: Context, path: string, onNoLink: (error: PlatformError) => void = constVoid) =>
  Effect.matchEffect(files.fs.readLink(path), {
    onFailure: (error) => Effect.sync(() => onNoLink(error)),
    onSuccess: () => regularFile.symlink(path)
  })

const refuseLinkedDirectory = (self: Context, path: string) =>
  self.checked.has(path)
    ? Effect.void
    : refuseLink(self, path, (error) => {
      if (!isNotFound(error)) self.checked.add(path)
    })

const refuseLinkedDirectories = (self: Context, digest: Digest.Digest) =>
  Effect.zipRight(
    refuseLinkedDirectory(self, layoutFiles.at(self.files, "blobs")),
    refuseLinkedDirectory(self, self.files.path.dirname(pathOf(self, digest)))
  )

const readError = (self: Context, digest: Digest.Digest) => (error: LayoutError | PlatformError) =>
  isNotFound(error)
    ? new ContentNotFound({ content: digest, store: self.name })
    : unreadable(pathOf(self, digest))(error)

/** Fails unless the content of a digest is a regular file in directories that are not links. */
const checkReadable = (self: Context, digest: Digest.Digest) =>
  Effect.zipRight(
    refuseLinkedDirectories(self, digest),
    Effect.mapError(regularFile.size(self.files.fs, pathOf(self, digest)), readError(self, digest))
  )

const size = (self: Context, digest: Digest.Digest): Effect.Effect<Option.Option<number>, LayoutError> => {
  const path = pathOf(self, digest)
  return Effect.zipRight(
    refuseLinkedDirectories(self, digest),
    Effect.matchEffect(self.files.fs.stat(path), {
      onFailure: (error) => isNotFound(error) ? Effect.succeedNone : unreadable(path)(error),
      onSuccess: (info) =>
        info.type === "File" ? Effect.as(refuseLink(self, path), Option.some(Number(info.size))) : Effect.succeedNone
    })
  )
}

const readBy =
  (self: Context, stream: (path: string) => Stream.Stream<Uint8Array, PlatformError>) =>
  (digest: Digest.Digest): Stream.Stream<Uint8Array, ContentError> =>
    Stream.fromEffect(checkReadable(self, digest)).pipe(
      Stream.drain,
      Stream.concat(Stream.mapError(stream(pathOf(self, digest)), readError(self, digest)))
    )

const touch = ({ files }: Context, path: string) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.mapError(files.fs.utimes(path, now / 1000, now / 1000), unwritable(path))
  )

/** Takes the lock, as garbage collection does, so that content found here is not about to be removed. */
const keep = (self: Context, digest: Digest.Digest, expected: number): Effect.Effect<boolean, LayoutError> => {
  const exists = Effect.map(size(self, digest), Option.contains(expected))
  return Effect.flatMap(exists, (found) =>
    found
      ? layoutFiles.locked(
        self.files,
        () => Effect.tap(exists, (found) => found ? touch(self, pathOf(self, digest)) : Effect.void)
      )
      : Effect.succeed(false))
}

/** Takes the lock only if the file exists: garbage collection could remove it together with its replacement. */
const replacing = (self: Context, digest: Digest.Digest, rename: Effect.Effect<void, LayoutError>) =>
  Effect.flatMap(
    size(self, digest),
    (found) => Option.isSome(found) ? layoutFiles.locked(self.files, () => rename) : rename
  )

const commit = (self: Context, digest: Digest.Digest): layoutFiles.Commit<LayoutError> => (rename) =>
  Effect.as(replacing(self, digest, rename), true)

const write = <E>(self: Context, digest: Digest.Digest, content: Stream.Stream<Uint8Array, E>) =>
  Effect.asVoid(layoutFiles.replace(self.files, pathOf(self, digest), content, commit(self, digest)))

const writeBytes = (self: Context, digest: Digest.Digest, bytes: Uint8Array) => {
  const path = pathOf(self, digest)
  return Effect.asVoid(layoutFiles.replaceBy(
    self.files,
    path,
    (temporary) => Effect.mapError(durable.writeBytes(self.files.fs, temporary, bytes), unwritable(path)),
    commit(self, digest)
  ))
}

/** Partial download, stored under a fixed name. */
const partialContent = ({ files: { fs } }: Context, path: string): Effect.Effect<PartialContent, LayoutError> =>
  Effect.gen(function*() {
    const size = yield* Effect.catchAll(
      regularFile.size(fs, path),
      (error) => isNotFound(error) ? Effect.succeed(0) : unreadable(path)(error)
    )
    const bytes = size === 0
      ? Stream.empty
      : Stream.mapError(fs.stream(path, { chunkSize, bytesToRead: size }), unreadable(path))
    return { size, bytes }
  })

const moveTo = (self: Context, digest: Digest.Digest, temporary: string) =>
  replacing(self, digest, layoutFiles.rename(self.files, temporary, pathOf(self, digest)))

const append = <E>(
  self: Context,
  digest: Digest.Digest,
  content: (kept: PartialContent) => Stream.Stream<Uint8Array, E>
): Effect.Effect<void, E | ContentError> =>
  Effect.scoped(Effect.gen(function*() {
    const { fs, path } = self.files
    const temporary = layoutFiles.at(self.files, `${layoutFiles.prefix}${digest.replace(":", "-")}.tmp`)
    const lockPath = layoutFiles.at(self.files, `${path.basename(temporary)}.lock.tmp`)
    const lock = yield* Effect.timeoutOption(fileLock.acquire(fs, lockPath), patience)
    // Another process is downloading the same content, and may be slow.
    if (Option.isNone(lock)) return yield* write(self, digest, content({ size: 0, bytes: Stream.empty }))
    const source = Stream.mapError(content(yield* partialContent(self, temporary)), (error) => ({ error }))
    yield* durable.append(fs, temporary, source).pipe(
      // Removes damaged content, and frees the space of content that did not fit on the disk.
      Effect.tapError((failure) =>
        "error" in failure && !isDamage(failure.error)
          ? Effect.void
          : Effect.ignore(fs.remove(temporary, { force: true }))
      ),
      Effect.mapError((failure) => "error" in failure ? failure.error : unwritable(temporary)(failure))
    )
    yield* moveTo(self, digest, temporary)
  }))

const receive = (self: Context): StoreDriver["receive"] => (produce) =>
  Effect.flatMap(
    layoutFiles.temporaryPath(self.files),
    (temporary) =>
      durable.receive(self.files.fs, temporary, produce).pipe(
        Effect.tap(([digest]) => moveTo(self, digest, temporary)),
        Effect.map(([, , result]) => result),
        Effect.onExit(() => Effect.ignore(self.files.fs.remove(temporary, { force: true })))
      )
  )

/** Driver operations on blobs. */
export const make = (
  files: layoutFiles.LayoutFiles,
  name: string
): Omit<Required<StoreDriver>, "name" | "entries" | "updateEntries"> => {
  const self: Context = { files, name, checked: new Set() }
  const { fs } = files
  return {
    read: readBy(self, (path) => fs.stream(path, { chunkSize })),
    readBytes: (digest) => Effect.mapError(fs.readFile(pathOf(self, digest)), readError(self, digest)),
    readReused: readBy(self, (path) => reusedFile.stream(fs, path)),
    size: (digest) => size(self, digest),
    keep: (digest, expected) => keep(self, digest, expected),
    write: (digest, content) => write(self, digest, content),
    writeBytes: (digest, bytes) => writeBytes(self, digest, bytes),
    consumesBuffers: true,
    append: (digest, content) => append(self, digest, content),
    receive: receive(self),
    remove: (digest) => {
      const path = pathOf(self, digest)
      return Effect.mapError(fs.remove(path, { force: true }), unwritable(path))
    }
  }
}
