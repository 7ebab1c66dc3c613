/**
 * Images and artifacts of a user, in a data directory: one layout shared by several processes, and the files of
 * unpacked images.
 *
 * ```text
 * layout/                 an image layout with all stored content
 * files/sha256/0123…/     the files of one manifest, and nothing else
 * ```
 *
 * Names are stored in the index of the layout and never become part of a path, so all names are distinct on every file
 * system. Unpacked files are stored under the digest of their manifest: a directory is complete or absent, never
 * changes, and contains no metadata of the store.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Artifact from "./Artifact.js"
import type * as Compression from "./Compression.js"
import { type ContentError, LayoutError, StoreFailed } from "./ContentError.js"
import * as Copy from "./Copy.js"
import type * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import type { LayerError } from "./ImageLayer.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import * as lazyStore from "./internal/stores/lazy.js"
import * as legacyStore from "./internal/stores/ocipkg.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as OciDirectory from "./OciDirectory.js"
import type * as Platform from "./Platform.js"
import type * as Tar from "./Tar.js"
import * as Unpack from "./Unpack.js"

/**
 * Errors of unpacking files.
 *
 * @since 0.1.0
 * @category errors
 */
export type FilesError =
  | Artifact.ArtifactError
  | Compression.CompressionError
  | ContentError
  | LayerError
  | Tar.TarError
  | Unpack.UnpackError

/**
 * Store of a user.
 *
 * @since 0.1.0
 * @category models
 */
export interface LocalStore extends ImageStore.Store {
  readonly path: string
  readonly layout: OciDirectory.OciDirectory
  /** Path of the unpacked files of a manifest, existing or not. */
  readonly directory: (digest: Digest.WellFormed) => string
  /**
   * Returns the directory with the files of a name, the layers of an image or the files of an artifact, unpacking them
   * if necessary. Several processes may do this at the same time. Do not change the files. After a power failure right
   * after unpacking, remove the directory, see {@link Unpack}.
   */
  readonly files: (
    name: string,
    options?: Omit<Unpack.Options, "overwrite"> & { readonly platform?: Platform.Platform | undefined }
  ) => Effect.Effect<string, FilesError>
  /** Removes content that no entry of the index refers to, and unpacked files of removed manifests. */
  readonly collectGarbage: (options?: OciDirectory.GarbageOptions) => Effect.Effect<OciDirectory.Garbage, ContentError>
}

type Environment =
  | Compression.Compression
  | FileSystem.FileSystem
  | Hasher.Hasher
  | LocalFiles.LocalFiles
  | Path.Path

/**
 * Data directory of a user: the setting `OCIMAN_DATA_DIR`, else `ociman` in `$XDG_DATA_HOME`, else in `~/.local/share`;
 * on Windows in `%LOCALAPPDATA%`.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/0.8/
 * @since 0.1.0
 * @category config
 */
export const dataDirectory: Config.Config<string> = Config.nonEmptyString("OCIMAN_DATA_DIR").pipe(
  Config.orElse(() => Config.map(dataHome, (home) => `${home}/ociman`))
)

const dataHome = Config.nonEmptyString("XDG_DATA_HOME").pipe(
  Config.orElse(() => Config.nonEmptyString("LOCALAPPDATA")),
  Config.orElse(() => Config.map(Config.nonEmptyString("HOME"), (home) => `${home}/.local/share`))
)

/**
 * Opens the store in a directory, which is created if missing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (root: string): Effect.Effect<LocalStore, ContentError, Environment> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Environment>()
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const local = yield* LocalFiles.LocalFiles
    const layout = yield* OciDirectory.openOrCreate(path.join(root, "layout"))
    const failed = (location: string) =>
      Effect.mapError((cause: unknown) =>
        new LayoutError({ path: location, reason: "Unwritable", rule: "cannot be written", cause })
      )

    const directory = (digest: Digest.WellFormed) => path.join(root, "files", ...digest.split(":"))

    const unpackTo = (target: string, name: string, isArtifact: boolean, options: Unpack.Options) =>
      isArtifact
        ? Artifact.unpack(layout, name, target, options)
        : Unpack.image({ store: layout, name }, target, options)

    const files: LocalStore["files"] = (name, options = {}) =>
      Effect.gen(function*() {
        const root = yield* Copy.rootOf({ store: layout, name }, options.platform)
        if (!MediaType.isManifest(root.mediaType)) {
          return yield* new Artifact.ArtifactError({ path: name, reason: "NotAnArtifact" })
        }
        const target = directory(root.digest)
        if (yield* failed(target)(fs.exists(target))) return target
        const { value } = yield* ImageStore.fetchDocument(layout, ImageManifest.codec, root)
        yield* failed(target)(fs.makeDirectory(path.dirname(target), { recursive: true }))
        const isArtifact = !MediaType.isConfig(value.config.mediaType)
        yield* unpackTo(target, root.digest, isArtifact, options).pipe(
          // Another process may have unpacked the same content meanwhile.
          Effect.catchTag("UnpackError", (error) =>
            error.reason === "DestinationExists" || error.reason === "CannotWrite"
              ? Effect.flatMap(failed(target)(fs.exists(target)), (there) => there ? Effect.void : error)
              : error)
        )
        return target
      }).pipe(
        Effect.provide(context),
        Effect.withSpan("LocalStore.files", { captureStackTrace: false, attributes: { reference: name } })
      )

    const collectGarbage: LocalStore["collectGarbage"] = (options) =>
      Effect.gen(function*() {
        const garbage = yield* layout.collectGarbage(options)
        const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(options?.grace ?? "1 day")
        for (const algorithm of yield* namesIn(path.join(root, "files"))) {
          for (const encoded of yield* namesIn(path.join(root, "files", algorithm))) {
            const location = path.join(root, "files", algorithm, encoded)
            // A directory being unpacked has a name of its own. A killed process leaves it behind.
            const isNeeded = encoded.includes(".partial-")
              ? failed(location)(Effect.map(fs.stat(location), ({ mtime }) => isRecent(before, mtime)))
              : layout.resolve(`${algorithm}:${encoded}`).pipe(
                Effect.as(true),
                Effect.catchTag("ContentNotFound", () => Effect.succeed(false))
              )
            if (!(yield* isNeeded)) yield* failed(location)(local.remove(location))
          }
        }
        return garbage
      })

    const namesIn = (location: string) =>
      Effect.orElseSucceed(fs.readDirectory(location), (): ReadonlyArray<string> => [])

    return { ...layout, path: root, layout, directory, files, collectGarbage } satisfies LocalStore
  })

const isRecent = (before: number, modified: Option.Option<Date>): boolean =>
  Option.exists(modified, (_) => _.getTime() > before)

/**
 * The store in {@link dataDirectory} as `ImageStore`. It is opened, and created if missing, on first use.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageStore.ImageStore, never, Environment> = Layer.effect(
  ImageStore.ImageStore,
  Effect.gen(function*() {
    const context = yield* Effect.context<Environment>()
    const name = "the store of the user"
    const unknown = (cause: ConfigError.ConfigError) =>
      new StoreFailed({ store: name, operation: "be found", reason: "Unavailable", cause: new Error(String(cause)) })
    const directory = yield* Effect.either(Effect.mapError(dataDirectory, unknown))
    return lazyStore.make(name, Effect.provide(Effect.flatMap(directory, make), context))
  })
)

/**
 * Store of the crate ocipkg, opened for reading.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ocipkg extends ImageStore.Readable, ImageStore.Lister {
  readonly path: string
}

/**
 * Data directory of the crate ocipkg: `ocipkg` in `$XDG_DATA_HOME`, else in `~/.local/share`; on Windows in
 * `%LOCALAPPDATA%`.
 *
 * @since 0.1.0
 * @category config
 */
export const ocipkgDirectory: Config.Config<string> = Config.map(dataHome, (home) => `${home}/ocipkg`)

/**
 * Opens a store of the crate ocipkg for reading: every complete image, by its name. The directory is scanned once, and
 * files inside an image are not mistaken for images.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ocipkg = (
  root: string
): Effect.Effect<Ocipkg, ContentError, FileSystem.FileSystem | Hasher.Hasher | Path.Path> =>
  Effect.map(legacyStore.open(root), (store) => ({ ...store, path: root }))
