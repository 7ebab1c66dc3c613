/**
 * Image layouts in archives: single files that skopeo, umoci and container engines read.
 *
 * Opening an archive reads only the headers, however large it is; content is read on demand from its position. A
 * compressed archive is first decompressed to a temporary file. Changes are staged beside the archive until {@link
 * OciArchive.save} replaces it atomically.
 *
 * Saved archives also contain Docker's `manifest.json`, so every version of Docker and Podman can load their images.
 * The same content gives the same bytes.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ContentError, LayoutError } from "./ContentError.js"
import * as Copy from "./Copy.js"
import * as Descriptor from "./Descriptor.js"
import * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageIndex from "./ImageIndex.js"
import type * as ImageStore from "./ImageStore.js"
import * as dockerManifest from "./internal/documents/dockerManifest.js"
import * as indexEntries from "./internal/documents/indexEntries.js"
import * as archiveStore from "./internal/layouts/archiveStore.js"
import * as archiveWriting from "./internal/layouts/archiveWriting.js"
import { unreadable } from "./internal/layouts/errors.js"
import type * as OciDirectory from "./OciDirectory.js"
import type * as Platform from "./Platform.js"

/**
 * Layout in an archive.
 *
 * @since 0.1.0
 * @category models
 */
export interface OciArchive extends ImageStore.Store {
  readonly path: string
  /** Index as the next save would write it. */
  readonly index: Effect.Effect<ImageIndex.ImageIndex, ContentError>
  /** Drops content that no entry of the index refers to. The file changes with the next save. */
  readonly collectGarbage: (
    options?: Pick<OciDirectory.GarbageOptions, "unnamed">
  ) => Effect.Effect<OciDirectory.Garbage, ContentError>
  /**
   * Writes the archive to a file beside it, which is synced and renamed. The compression stays as it was opened; for a
   * new archive it follows from the name (`.gz`, `.tgz`, `.zst` or `.tzst`). Fails with a `LayoutError` with reason
   * `Changed` if another process changed the archive since it was opened or saved.
   */
  readonly save: Effect.Effect<void, ContentError>
}

const opened = <E, R>(effect: Effect.Effect<OciArchive, E, R>, path: string) =>
  Effect.withSpan(effect, "OciArchive.open", { captureStackTrace: false, attributes: { path } })

/**
 * Opens the layout in an existing archive. The archive and its staged content are released when the scope closes;
 * unsaved changes are lost.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  opened(Effect.flatMap(archiveStore.load(path), (state) => archiveStore.make(path, state)), path)

/**
 * Makes a new layout, written on save. Fails if the path exists.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* Effect.mapError(fs.exists(path), unreadable(path))) {
      return yield* new LayoutError({ path, reason: "AlreadyExists", rule: "exists already" })
    }
    return yield* archiveStore.make(path, archiveStore.empty(path))
  })

/**
 * Opens the layout in an archive, or makes a new one if the path does not exist.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openOrCreate = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const there = yield* Effect.mapError(fs.exists(path), unreadable(path))
    return yield* there ? open(path) : archiveStore.make(path, archiveStore.empty(path))
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
): Effect.Effect<A, E | ContentError, R | Exclude<archiveStore.Environment, Scope.Scope>> =>
  Effect.scoped(Effect.flatMap(
    openOrCreate(path),
    (archive) => Effect.tap(change(archive), archive.save)
  ))

/**
 * Options of streaming an archive.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /**
   * Platform of the image that Docker before 25, which does not read indexes, loads from an index. The archive contains
   * all platforms. Default: the first manifest.
   */
  readonly platform?: Platform.Platform | undefined
  /** If true, adds Docker's `manifest.json` for engines that do not read layouts. Default: true. */
  readonly docker?: boolean | undefined
  /** Limits on the manifests and indexes of each name. */
  readonly limits?: Partial<Copy.GraphLimits> | undefined
}

/** Store without content: copying to it requires everything. */
const emptyStore: ImageStore.Pusher = {
  name: "empty store",
  exists: () => Effect.succeed(false),
  push: () => Effect.dieMessage("The store for planning accepts no content")
}

/**
 * Streams an archive with the named content of a store, for `docker load`, `podman load` and other readers. No
 * temporary files are made: content is read from the store when the archive reaches it.
 *
 * Image names in the archive are those of the store, if they are references with a tag or a domain.
 *
 * @since 0.1.0
 * @category destructors
 */
export const stream = (
  from: Copy.Source,
  names: Iterable<string>,
  { docker = true, limits, platform }: StreamOptions = {}
): Stream.Stream<Uint8Array, ContentError, Hasher.Hasher> =>
  Stream.unwrap(Effect.gen(function*() {
    const blobs: Array<Descriptor.Descriptor> = []
    const entries: Array<Descriptor.Descriptor> = []
    for (const name of names) {
      const root = yield* from.resolve(name)
      const { groups } = yield* Copy.plan(from, Descriptor.bare(root), emptyStore, { limits })
      for (const { action, descriptor } of groups.flat()) {
        if (action === "Copy") blobs.push(descriptor)
      }
      entries.push(Digest.isDigest(name) ? Descriptor.bare(root) : indexEntries.withName(root, name))
    }
    const images = docker ? yield* dockerManifest.imagesOf(from, entries, platform) : []
    return archiveWriting.write(
      from.name,
      ImageIndex.make(docker ? entries.map(dockerManifest.withEngineName) : entries),
      images,
      blobs.map((descriptor) => ({ ...descriptor, content: from.fetch(descriptor) }))
    )
  }))
