/** Index of a layout in a directory. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ImageLayout from "../../author/ImageLayout.js"
import type { ContentError } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import * as ImageIndex from "../../ImageIndex.js"
import * as durable from "../files/durable.js"
import type { FileLock } from "../files/fileLock.js"
import { unreadable, unwritable } from "./errors.js"
import * as layoutFiles from "./files.js"

type Update = (entries: ReadonlyArray<Descriptor>) => ReadonlyArray<Descriptor>

export const read = (files: layoutFiles.LayoutFiles): Effect.Effect<ImageIndex.ImageIndex, ContentError> =>
  Effect.flatMap(layoutFiles.readIndex(files), ImageIndex.codec.decode)

const areEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** Changes the index unless another program changes it meanwhile. The caller holds the lock. */
const updateOnce = (files: layoutFiles.LayoutFiles, lock: FileLock, f: Update): Effect.Effect<boolean, ContentError> =>
  Effect.gen(function*() {
    const { fs, index, root } = files
    const bytes = yield* layoutFiles.readIndex(files)
    const before = yield* ImageIndex.codec.decode(bytes)
    const manifests = f(before.manifests)
    if (manifests === before.manifests) return true
    const written = yield* ImageIndex.codec.encode({ ...before, manifests })
    const isUnchanged = Effect.map(layoutFiles.readIndex(files), (now) => areEqual(now, bytes))
    // Directory entries of referenced content must reach the disk before the index does.
    for (const algorithm of ["sha256", "sha512"]) {
      yield* durable.syncDirectory(fs, layoutFiles.at(files, "blobs", algorithm))
    }
    const committed = <E>(change: Effect.Effect<void, E>) =>
      Effect.flatMap(
        Effect.all([isUnchanged, lock.isHeld]),
        ([unchanged, held]) => unchanged && held ? Effect.as(change, true) : Effect.succeed(false)
      )
    const replaced = yield* layoutFiles.replace(files, index, Stream.make(written), committed).pipe(
      // On a full disk, names can still be removed in place, to make space.
      Effect.catchIf(
        (error) => error.reason === "Unwritable" && written.length <= bytes.length,
        (error) => committed(Effect.orElseFail(durable.shorten(fs, index, written, bytes.length), () => error))
      )
    )
    yield* durable.syncDirectory(fs, root)
    return replaced
  })

/** Changes the index. The caller holds the lock. */
export const updateLocked = (
  files: layoutFiles.LayoutFiles,
  lock: FileLock,
  f: Update
): Effect.Effect<void, ContentError> =>
  Effect.asVoid(Effect.repeat(updateOnce(files, lock, f), { until: (done) => done }))

/** Changes the index. The lock is released between attempts. */
export const update = (files: layoutFiles.LayoutFiles, f: Update): Effect.Effect<void, ContentError> =>
  layoutFiles.locked(files, (lock) => updateOnce(files, lock, f)).pipe(
    Effect.repeat({ until: (done) => done }),
    Effect.asVoid
  )

/**
 * Creates the missing files of an empty layout. The marker comes last, so that an incomplete directory is not a layout.
 */
export const initialize = (files: layoutFiles.LayoutFiles) =>
  Effect.gen(function*() {
    const { fs, index, marker, root } = files
    const write = (path: string, bytes: Uint8Array) =>
      layoutFiles.replace(files, path, Stream.make(bytes), (rename) =>
        Effect.mapError(fs.exists(path), unreadable(path)).pipe(
          Effect.flatMap((there) =>
            there ? Effect.succeed(false) : Effect.as(rename, true)
          )
        ))
    const blobs = layoutFiles.at(files, "blobs", "sha256")
    yield* Effect.mapError(fs.makeDirectory(blobs, { recursive: true }), unwritable(root))
    yield* layoutFiles.locked(files, () =>
      Effect.gen(function*() {
        yield* write(index, yield* ImageIndex.codec.encode(ImageIndex.make([])))
        yield* write(marker, yield* ImageLayout.codec.encode(ImageLayout.current))
        yield* durable.syncDirectory(fs, root)
      }))
  })
