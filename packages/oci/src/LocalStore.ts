/**
 * The images and artifacts of a user, in a directory of data: one layout that several processes use, and beside it the
 * files of what was unpacked.
 *
 * ```text
 * layout/                 an image layout, with everything that is stored
 * files/sha256/0123…/     the files of one manifest, and nothing else
 * ```
 *
 * Names stand in the index of the layout and are no part of a path, so any name can be told from any other, on every
 * file system. What was unpacked lies under the digest of its manifest: it is complete or not there, it never changes,
 * and what it contains is not mixed with what the store knows of it.
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
import { ArtifactError } from "./ArtifactError.js"
import type * as Compression from "./Compression.js"
import { type ContentError, LayoutError, StoreFailed } from "./ContentError.js"
import * as Copy from "./Copy.js"
import type * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import * as legacyStore from "./internal/legacyStore.js"
import type { LayerError } from "./LayerError.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as OciDirectory from "./OciDirectory.js"
import type * as Platform from "./Platform.js"
import type * as Tar from "./Tar.js"
import * as Unpack from "./Unpack.js"
import type { UnpackError } from "./UnpackError.js"

/**
 * What unpacking may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type FilesError =
  | ArtifactError
  | Compression.CompressionError
  | ContentError
  | LayerError
  | Tar.TarError
  | UnpackError

/**
 * The store of a user.
 *
 * @since 0.1.0
 * @category models
 */
export interface LocalStore extends ImageStore.Store {
  readonly path: string
  readonly layout: OciDirectory.OciDirectory
  /** Where the files of a manifest are, or would be. */
  readonly directory: (digest: Digest.WellFormed) => string
  /**
   * The directory with the files of what has a name, which are unpacked unless they are there: the layers of an image,
   * or the files of an artifact. Several processes may do this at the same time. The files are not to be changed. If
   * the machine lost its power right after they were unpacked, remove the directory, see {@link Unpack}.
   */
  readonly files: (
    name: string,
    options?: Omit<Unpack.Options, "overwrite"> & { readonly platform?: Platform.Platform | undefined }
  ) => Effect.Effect<string, FilesError>
  /** Removes content that no entry of the index leads to, and the files of manifests that are not there any longer. */
  readonly collectGarbage: (options?: OciDirectory.GarbageOptions) => Effect.Effect<OciDirectory.Garbage, ContentError>
}

type Environment =
  | Compression.Compression
  | FileSystem.FileSystem
  | Hasher.Hasher
  | LocalFiles.LocalFiles
  | Path.Path

/**
 * Where the data of a user is: the setting `OCIMAN_DATA_DIR`, else `ociman` in `$XDG_DATA_HOME`, else in
 * `~/.local/share`; on Windows in `%LOCALAPPDATA%`.
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
 * The store in a directory, which is made if there is none.
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
          return yield* new ArtifactError({ path: name, reason: "NotAnArtifact" })
        }
        const target = directory(root.digest)
        if (yield* failed(target)(fs.exists(target))) return target
        const { value } = yield* ImageStore.fetchDocument(layout, ImageManifest.codec, root)
        yield* failed(target)(fs.makeDirectory(path.dirname(target), { recursive: true }))
        const isArtifact = !MediaType.isConfig(value.config.mediaType)
        yield* unpackTo(target, root.digest, isArtifact, options).pipe(
          // Somebody else was faster, or is as fast: what is there is the same.
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
            // What is being unpacked has a name of its own, and is left behind by who is killed.
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
 * The store of the user as that of a program: in {@link dataDirectory}. It is made when it is used for the first time.
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
    return ImageStore.lazy(name, Effect.provide(Effect.flatMap(directory, make), context))
  })
)

/**
 * What the crate ocipkg has stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ocipkg extends ImageStore.Readable, ImageStore.Listable {
  readonly path: string
}

/**
 * Where the crate ocipkg stores images: `ocipkg` in `$XDG_DATA_HOME`, else in `~/.local/share`; on Windows in
 * `%LOCALAPPDATA%`.
 *
 * @since 0.1.0
 * @category config
 */
export const ocipkgDirectory: Config.Config<string> = Config.map(dataHome, (home) => `${home}/ocipkg`)

/**
 * The store of the crate ocipkg, to be read: each image that is whole, by the name it was given. It is looked through
 * once, and what lies in an image is not taken for one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ocipkg = (
  root: string
): Effect.Effect<Ocipkg, ContentError, FileSystem.FileSystem | Hasher.Hasher | Path.Path> =>
  Effect.map(legacyStore.open(root), (store) => ({ ...store, path: root }))
