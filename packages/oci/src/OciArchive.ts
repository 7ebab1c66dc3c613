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
import * as archiveStore from "./internal/archiveStore.js"
import * as archiveWriting from "./internal/archiveWriting.js"
import * as dockerManifest from "./internal/dockerManifest.js"
import * as entriesOf from "./internal/indexEntries.js"
import type * as Limits from "./Limits.js"
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

const opened = <E, R>(effect: Effect.Effect<OciArchive, E, R>, path: string) =>
  Effect.withSpan(effect, "OciArchive.open", { captureStackTrace: false, attributes: { path } })

/**
 * The layout in an archive, which must be there. The archive and what is kept beside it are let go when the scope is
 * closed; what was not saved by then is lost.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  opened(Effect.flatMap(archiveStore.load(path), (state) => archiveStore.make(path, state)), path)

/**
 * A new layout, which becomes an archive when it is saved. There must be nothing of that name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* Effect.mapError(fs.exists(path), archiveStore.unreadable(path))) {
      return yield* new LayoutError({ path, reason: "AlreadyExists", rule: "is there already" })
    }
    return yield* archiveStore.make(path, archiveStore.empty(path))
  })

/**
 * The layout in an archive; a new one if there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openOrCreate = (path: string): Effect.Effect<OciArchive, ContentError, archiveStore.Environment> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const there = yield* Effect.mapError(fs.exists(path), archiveStore.unreadable(path))
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
  /** How many manifests and indexes are read for each name, and how large they may be together. */
  readonly limits?: Partial<Limits.GraphLimits> | undefined
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
  { docker = true, limits, platform }: StreamOptions = {}
): Stream.Stream<Uint8Array, ContentError, Hasher.Hasher> =>
  Stream.unwrap(Effect.gen(function*() {
    const blobs: Array<Descriptor.Descriptor> = []
    const entries: Array<Descriptor.Descriptor> = []
    for (const name of names) {
      const root = yield* from.resolve(name)
      const { groups } = yield* Copy.plan(from, Descriptor.bare(root), nowhere, { limits })
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
