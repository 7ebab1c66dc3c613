/**
 * Image layouts in directories: a store readable by any tool and safe for concurrent processes.
 *
 * Content is written to a temporary file, synced and renamed; `index.json` likewise, under a lock between processes and
 * after everything it refers to. A killed process leaves only temporary files behind, which {@link
 * OciDirectory.collectGarbage} removes. A program that ignores the lock can still change the index concurrently; this
 * is detected up to the instant of the rename.
 *
 * Pushed manifests and indexes get an entry in `index.json`, unless another indexed index lists them. The name of an
 * entry is its annotation `org.opencontainers.image.ref.name`, which can be any text.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ContentError, LayoutError } from "./ContentError.js"
import type * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import type * as ImageIndex from "./ImageIndex.js"
import * as ImageStore from "./ImageStore.js"
import * as layoutBlobs from "./internal/layouts/blobs.js"
import { unreadable, unwritable } from "./internal/layouts/errors.js"
import * as layoutFiles from "./internal/layouts/files.js"
import * as layoutIndex from "./internal/layouts/indexFile.js"
import * as derivedStore from "./internal/stores/derived.js"
import * as garbage from "./internal/stores/garbage.js"

/**
 * Result of a garbage collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Garbage {
  readonly digests: ReadonlyArray<Digest.Digest>
  /** Total size of the removed content in bytes. */
  readonly bytes: number
}

/**
 * Options of a garbage collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface GarbageOptions {
  /**
   * Minimum age of removed content, to protect content whose manifest is about to be pushed. Pushing content again
   * resets its age. Default: 1 day.
   */
  readonly grace?: Duration.DurationInput | undefined
  /**
   * If true, also removes manifests and indexes without a name, unless a named one refers to them or their subject is
   * kept. Default: false.
   */
  readonly unnamed?: boolean | undefined
}

/**
 * Layout in a directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface OciDirectory extends ImageStore.Store {
  readonly path: string
  /** Current content of `index.json`. */
  readonly index: Effect.Effect<ImageIndex.ImageIndex, ContentError>
  /** Removes content that no entry of the index refers to, and temporary files of killed processes. */
  readonly collectGarbage: (options?: GarbageOptions) => Effect.Effect<Garbage, ContentError>
}

type Environment = FileSystem.FileSystem | Path.Path | Hasher.Hasher

const makeFiles = (root: string): Effect.Effect<layoutFiles.LayoutFiles, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(Effect.all([FileSystem.FileSystem, Path.Path]), ([fs, path]) => layoutFiles.make(fs, path, root))

const collectGarbage =
  (files: layoutFiles.LayoutFiles, store: ImageStore.Store) =>
  ({ grace = "1 day", unnamed = false }: GarbageOptions = {}): Effect.Effect<Garbage, ContentError> => {
    const { fs, root } = files
    return layoutFiles.locked(files, (lock) =>
      Effect.gen(function*() {
        const { manifests } = yield* layoutIndex.read(files)
        const reachable = yield* garbage.mark(store, manifests, unnamed)
        if (unnamed) yield* layoutIndex.updateLocked(files, lock, () => reachable.entries)
        const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(grace)
        const at = (...names: ReadonlyArray<string>) => layoutFiles.at(files, ...names)
        return yield* Effect.mapError(
          garbage.sweep(fs, { at, prefix: layoutFiles.prefix, before, reachable: reachable.digests }),
          unwritable(root)
        )
      })).pipe(
        Effect.withSpan("OciDirectory.collectGarbage", { captureStackTrace: false, attributes: { path: root } })
      )
  }

const makeStore = (files: layoutFiles.LayoutFiles): Effect.Effect<OciDirectory, never, Hasher.Hasher> =>
  Effect.gen(function*() {
    const name = `the layout ${JSON.stringify(files.root)}`
    const index = layoutIndex.read(files)
    const store = yield* derivedStore.make({
      ...layoutBlobs.make(files, name),
      name,
      entries: Effect.map(index, (_) => _.manifests),
      updateEntries: (f) => layoutIndex.update(files, f)
    })
    return { ...store, path: files.root, index, collectGarbage: collectGarbage(files, store) }
  })

/**
 * Opens an existing layout.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.gen(function*() {
    const files = yield* makeFiles(root)
    yield* layoutFiles.checkVersion(files)
    yield* layoutIndex.read(files)
    return yield* makeStore(files)
  })

/**
 * Creates a layout. The directory may exist, but must not be a layout.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.gen(function*() {
    const files = yield* makeFiles(root)
    if (yield* Effect.mapError(files.fs.exists(files.marker), unreadable(root))) {
      return yield* new LayoutError({ path: root, reason: "AlreadyExists", rule: "is an image layout already" })
    }
    yield* layoutIndex.initialize(files)
    return yield* open(root)
  })

/**
 * Opens the layout in a directory, or creates one. Several processes may do this at the same time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openOrCreate = (root: string): Effect.Effect<OciDirectory, ContentError, Environment> =>
  Effect.catchIf(
    open(root),
    (error) => error._tag === "LayoutError" && (error.reason === "NotALayout" || error.reason === "MissingIndex"),
    () => Effect.zipRight(Effect.flatMap(makeFiles(root), layoutIndex.initialize), open(root))
  )

/**
 * The layout in a directory as `ImageStore`. It is created if missing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (root: string): Layer.Layer<ImageStore.ImageStore, ContentError, Environment> =>
  Layer.effect(ImageStore.ImageStore, openOrCreate(root))
