import * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type CopyError, CopyFailed, type PathNotFound } from "../../BackendError.js"
import { invalidArchive } from "../contract/invalidArchive.js"
import * as containerPath from "../values/containerPath.js"

/** @internal */
export const normalPath = (container: string, path: string): Effect.Effect<string, CopyFailed> =>
  Option.match(containerPath.normalize(path), {
    onNone: () =>
      new CopyFailed({
        container,
        path,
        reason: "InvalidPath",
        detail: "a path in a container must begin with a slash"
      }),
    onSome: Effect.succeed
  })

/**
 * Normalises a path other than the root.
 *
 * @internal
 */
export const namedPath = (container: string, path: string): Effect.Effect<string, CopyFailed> =>
  Effect.filterOrFail(
    normalPath(container, path),
    (path) => path !== "/",
    () => new CopyFailed({ container, path, reason: "InvalidPath", detail: "this is the root directory" })
  )

const isPathNotFound = (error: unknown): error is PathNotFound =>
  error instanceof Object && "_tag" in error && error._tag === "PathNotFound"

/**
 * Copies entries into a directory or, if it is missing, with longer names into its nearest existing parent. The
 * directory is tried first since files copied into the parent of a mount may end up beneath the mount.
 *
 * @internal
 */
export const upload = <E>(
  files: Files,
  container: string,
  directory: string,
  entries: (prefix: string) => Stream.Stream<Tar.Entry<E>, E>
): Effect.Effect<void, CopyError | E> => {
  const attempt = (at: string, prefix: string): Effect.Effect<void, CopyError | E> =>
    files.copyInto(container, at, archive(container, directory, entries(prefix))).pipe(
      Effect.catchIf(
        (error) => at !== "/" && isPathNotFound(error),
        () => attempt(containerPath.parent(at), `${containerPath.baseName(at)}/${prefix}`)
      )
    )
  return attempt(directory, "")
}

/** @internal */
export const archive = <E>(container: string, path: string, entries: Stream.Stream<Tar.Entry<E>, E>) =>
  Stream.mapError(
    Tar.write(entries),
    (error) => error instanceof Tar.TarError ? invalidArchive(container, path, error) : error
  )

/**
 * Fails for a file that the engine mounts over, which would hide the copy.
 *
 * @internal
 */
export const checkNotEngineFile = (container: string, path: string): Effect.Effect<void, CopyFailed> =>
  Option.exists(containerPath.normalize(path), (path) => containerPath.engineFiles.includes(path))
    ? new CopyFailed({
      container,
      path,
      reason: "Unreachable",
      detail: `engines mount a ${path} of their own over it; use Definition.extraHost, Definition.hostname or ` +
        "Definition.dns, or mount a file there"
    })
    : Effect.void

/** @internal */
export const writeFile = (
  files: Files,
  container: string,
  path: string,
  content: string | Uint8Array,
  attributes: Tar.Attributes
): Effect.Effect<void, CopyError> =>
  Effect.flatMap(namedPath(container, path), (path) =>
    Effect.zipRight(
      checkNotEngineFile(container, path),
      upload(
        files,
        container,
        containerPath.parent(path),
        (prefix) => Stream.make(Tar.file(`${prefix}${containerPath.baseName(path)}`, content, attributes))
      )
    ))

/**
 * Streams the archive entries of a path.
 *
 * @internal
 */
export const entriesAt = (
  files: Files,
  container: string,
  path: string
): Stream.Stream<Tar.Entry<CopyError>, CopyError> => {
  const decoded = <A>(stream: Stream.Stream<A, CopyError | Tar.TarError>): Stream.Stream<A, CopyError> =>
    Stream.mapError(stream, (error) => error._tag === "TarError" ? invalidArchive(container, path, error) : error)
  return Stream.unwrap(Effect.map(
    normalPath(container, path),
    (path) =>
      decoded(Tar.read(files.copyOutOf(container, path))).pipe(
        Stream.map((entry) => ({ ...entry, content: decoded(entry.content) }))
      )
  ))
}

/**
 * Streams the content of a file. Reads the archive to its end, since a client that is stopped early may leave the file
 * system of its container mounted.
 *
 * @internal
 */
export const readFile = (files: Files, container: string, path: string): Stream.Stream<Uint8Array, CopyError> =>
  entriesAt(files, container, path).pipe(
    Stream.flatMap((entry) =>
      entry.type === "File"
        ? entry.content
        : Stream.fail(
          new CopyFailed({ container, path, reason: "NotAFile", detail: `it is of the type ${entry.type}` })
        )
    )
  )
