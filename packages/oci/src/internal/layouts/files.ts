/** Files of a layout in a directory: locking, atomic replacement, and the index. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as ImageLayout from "../../author/ImageLayout.js"
import { LayoutError } from "../../ContentError.js"
import * as ImageIndex from "../../ImageIndex.js"
import * as layoutVersion from "../documents/layoutVersion.js"
import * as durable from "../files/durable.js"
import * as fileLock from "../files/fileLock.js"
import { isNotFound } from "../files/platformError.js"
import * as regularFile from "../files/regularFile.js"
import { unreadable, unwritable } from "./errors.js"

/** Prefix of the names of temporary files. */
export const prefix = ".ociman-"

export interface LayoutFiles {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  readonly root: string
  /** Path of `oci-layout`. */
  readonly marker: string
  /** Path of `index.json`. */
  readonly index: string
  /** Fibers of this process use a semaphore first, so that they need not poll the file lock. */
  readonly semaphore: Effect.Semaphore
}

export const make = (fs: FileSystem.FileSystem, path: Path.Path, root: string): LayoutFiles => ({
  fs,
  path,
  root,
  marker: path.join(root, ImageLayout.markerName),
  index: path.join(root, ImageLayout.indexName),
  semaphore: Effect.unsafeMakeSemaphore(1)
})

/** Path of a file of the layout. */
export const at = ({ path, root }: LayoutFiles, ...names: ReadonlyArray<string>): string => path.join(root, ...names)

/** Path of a new temporary file. */
export const temporaryPath = (self: LayoutFiles): Effect.Effect<string> =>
  Effect.map(fileLock.token, (token) => at(self, `${prefix}${token}.tmp`))

/** Runs an effect under the lock of the layout. */
export const locked = <A, E>(
  self: LayoutFiles,
  f: (lock: fileLock.FileLock) => Effect.Effect<A, E>
): Effect.Effect<A, E | LayoutError> =>
  self.semaphore.withPermits(1)(
    Effect.scoped(Effect.flatMap(fileLock.acquire(self.fs, at(self, `${prefix}lock`)), f))
  )

/** Renames a file, creating the target directory if missing. */
export const rename = ({ fs, path }: LayoutFiles, from: string, to: string): Effect.Effect<void, LayoutError> =>
  fs.rename(from, to).pipe(
    Effect.catchIf(
      isNotFound,
      () => Effect.zipRight(fs.makeDirectory(path.dirname(to), { recursive: true }), fs.rename(from, to))
    ),
    Effect.mapError(unwritable(to))
  )

/** Runs the rename of a temporary file to its target, and returns whether it did. */
export type Commit<E> = (rename: Effect.Effect<void, LayoutError>) => Effect.Effect<boolean, E>

/** Writes a temporary file and renames it. */
export const replaceBy = <E, E2>(
  self: LayoutFiles,
  target: string,
  write: (temporary: string) => Effect.Effect<void, E>,
  commit: Commit<E2>
): Effect.Effect<boolean, E | E2 | LayoutError> =>
  Effect.flatMap(temporaryPath(self), (temporary) => {
    const clear = Effect.ignore(self.fs.remove(temporary, { force: true }))
    return write(temporary).pipe(
      Effect.zipRight(Effect.suspend(() => commit(rename(self, temporary, target)))),
      Effect.tap((done) => done ? Effect.void : clear),
      Effect.onError(() => clear)
    )
  })

/** Replaces a file by the bytes of a stream. */
export const replace = <E, E2>(
  self: LayoutFiles,
  target: string,
  content: Stream.Stream<Uint8Array, E>,
  commit: Commit<E2>
): Effect.Effect<boolean, E | E2 | LayoutError> =>
  replaceBy(
    self,
    target,
    (temporary) => durable.writeStream(self.fs, temporary, content, unwritable(target)),
    commit
  )

/** Reads the bytes of `index.json`. */
export const readIndex = ({ fs, index, root }: LayoutFiles): Effect.Effect<Uint8Array, LayoutError> =>
  Effect.mapError(regularFile.read(fs, index, ImageIndex.codec.limit), (error) =>
    isNotFound(error)
      ? new LayoutError({ path: root, reason: "MissingIndex", rule: "has no index.json" })
      : unreadable(index)(error))

/** Checks that a directory is a layout of a supported version. */
export const checkVersion = ({ fs, marker, root }: LayoutFiles) =>
  Effect.gen(function*() {
    const bytes = yield* Effect.mapError(regularFile.read(fs, marker, ImageLayout.codec.limit), (error) =>
      isNotFound(error)
        ? new LayoutError({
          path: root,
          reason: "NotALayout",
          rule: "has no file oci-layout, so it is not an image layout"
        })
        : unreadable(marker)(error))
    yield* layoutVersion.check(root, bytes)
  })
