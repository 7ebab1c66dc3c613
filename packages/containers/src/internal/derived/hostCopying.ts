import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import type * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type CopyError, CopyFailed } from "../../BackendError.js"
import type { HostFiles } from "../../HostFiles.js"
import * as containerPath from "../values/containerPath.js"
import { withoutTrailing } from "../values/text.js"
import * as copying from "./copying.js"

/**
 * Copies a file or directory of this machine to a path in a container. An empty directory has no entries to copy into
 * an existing one.
 *
 * @internal
 */
export const copyIn = (
  files: Files,
  container: string,
  source: HostFiles,
  path: string
): Effect.Effect<void, CopyError | PlatformError> =>
  Effect.gen(function*() {
    const target = yield* copying.normalPath(container, path)
    const isDirectory = yield* source.isDirectory
    const merged = isDirectory && (yield* Stream.runCount(Stream.take(source.entries(""), 1))) > 0
    const entries = (name: string) =>
      Stream.tap(
        source.entries(name),
        ({ path }) => copying.checkNotEngineFile(container, `${target}/${path.slice(name.length)}`)
      )
    const into = files.copyInto(container, target, copying.archive(container, target, entries("")))
    if (target === "/") {
      return yield* merged ? into : isDirectory ? Effect.void : copying.namedPath(container, path)
    }
    const whole = copying.upload(
      files,
      container,
      containerPath.parent(target),
      (prefix) => entries(`${prefix}${containerPath.baseName(target)}`)
    )
    return yield* merged ? Effect.catchTag(into, "PathNotFound", () => whole) : whole
  })

/** File system and paths of this machine. */
interface Host {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
}

interface Unpacking {
  readonly host: Host
  readonly container: string
  readonly root: string
  /** Modes of created directories by name, set after their content is complete. */
  readonly directories: Map<string, number>
  readonly files: Set<string>
  /** Name of the first entry, which becomes the root. */
  top: string | undefined
}

/**
 * Unpacks a container's archive to a new path. Unlike `Unpack` of `@ociman/oci`, which is for layers, names have no
 * special meaning, the root may be a file, and links that lead out are rejected. Only writes to directories that it has
 * created, so that no link is followed; links may only point below the root.
 */
export const unpack = <E>(
  host: Host,
  container: string,
  entries: Stream.Stream<Tar.Entry<E>, E>,
  root: string
): Effect.Effect<void, E | CopyFailed | PlatformError> =>
  Effect.suspend(() => {
    const unpacking: Unpacking = { host, container, root, directories: new Map(), files: new Set(), top: undefined }
    return Effect.zipRight(
      Stream.runForEach(entries, (entry) => unpackEntry(unpacking, entry)),
      Effect.suspend(() => setModes(unpacking))
    )
  })

const unpackEntry = <E>(
  unpacking: Unpacking,
  entry: Tar.Entry<E>
): Effect.Effect<void, E | CopyFailed | PlatformError> =>
  Effect.gen(function*() {
    const { directories, top } = unpacking
    if (top === undefined) unpacking.top = strip(entry.path)
    const name = yield* relativeName(unpacking, entry.path, entry.path)
    if (top !== undefined && name !== "" && !directories.has(parentOf(name))) {
      return yield* unsafe(unpacking, entry.path, "its directory is not in the archive")
    }
    if (top !== undefined && name === "") {
      if (entry.type === "Directory" && directories.has("")) return
      return yield* unsafe(unpacking, entry.path, "the root of the archive occurs twice")
    }
    return yield* writeEntry(unpacking, entry, name)
  })

const writeEntry = <E>(
  unpacking: Unpacking,
  entry: Tar.Entry<E>,
  name: string
): Effect.Effect<void, E | CopyFailed | PlatformError> =>
  Effect.gen(function*() {
    const { directories, files, host: { fs } } = unpacking
    const location = locate(unpacking, name)
    switch (entry.type) {
      case "Directory": {
        if (directories.has(name)) return
        yield* fs.makeDirectory(location, { mode: 0o700 })
        directories.set(name, entry.mode & 0o777)
        return
      }
      case "File": {
        yield* Stream.run(entry.content, fs.sink(location, { flag: "wx", mode: 0o600 }))
        yield* fs.chmod(location, entry.mode & 0o777)
        files.add(name)
        return
      }
      case "Symlink": {
        if (name === "") return yield* unsafe(unpacking, entry.path, "the root of the archive is a symbolic link")
        if (!staysInside(name, entry.target)) {
          return yield* unsafe(
            unpacking,
            entry.path,
            `it is a link out of the copy, to ${JSON.stringify(entry.target)}`
          )
        }
        return yield* fs.symlink(entry.target, location)
      }
      case "Link": {
        const target = yield* relativeName(unpacking, entry.path, entry.target)
        return yield* files.has(target)
          ? fs.link(locate(unpacking, target), location)
          : unsafe(unpacking, entry.path, "the target of the hard link is not in the archive")
      }
      default:
        return yield* unsafe(unpacking, entry.path, `it is of the type ${entry.type}`)
    }
  })

const unsafe = ({ container }: Unpacking, path: string, detail: string) =>
  new CopyFailed({ container, path, reason: "UnsafeEntry", detail })

const locate = ({ root }: Unpacking, name: string) => name === "" ? root : `${root}/${name}`

/** Returns the name relative to the root, empty for the root itself. */
const relativeName = (unpacking: Unpacking, entry: string, path: string): Effect.Effect<string, CopyFailed> => {
  const name = nameBelow(unpacking.top, strip(path))
  if (name === undefined) return unsafe(unpacking, entry, "it is not below the first entry")
  const isSafe = name === "" || name.split("/").every((part) => isSafePart(unpacking.host.path, part))
  return isSafe ? Effect.succeed(name) : unsafe(unpacking, entry, "its name leads out of the copy")
}

const nameBelow = (top: string | undefined, path: string): string | undefined => {
  if (top === undefined) return undefined
  if (top === "") return path
  if (path === top) return ""
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : undefined
}

const isSafePart = ({ sep }: Path.Path, part: string) =>
  part !== "" && part !== "." && part !== ".." && !part.includes("\0") && (sep === "/" || !/[\\:]/.test(part))

/** Innermost directories first, since the mode of a directory may deny access to its owner. */
const setModes = (unpacking: Unpacking) =>
  Effect.forEach(
    Array.from(unpacking.directories).reverse(),
    ([name, mode]) => unpacking.host.fs.chmod(locate(unpacking, name), mode),
    { discard: true }
  )

const strip = (name: string) => withoutTrailing(name.replace(/^(?:\.?\/)+/, ""), "/").replace(/^\.$/, "")

const parentOf = (name: string) => name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : ""

/**
 * Reports whether a link points below the root. `..` is allowed only at the beginning, relative to the directory of the
 * link; after a name it could start anywhere, since the name may be a link.
 */
export const staysInside = (name: string, target: string): boolean => {
  if (target === "" || target.startsWith("/") || target.includes("\\") || /^[A-Za-z]:/.test(target)) return false
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  const up = parts.findIndex((part) => part !== "..")
  const steps = up === -1 ? parts.length : up
  const depth = name.split("/").length - 1
  return steps <= depth && !parts.slice(steps).includes("..")
}

/**
 * Copies a path of a container to a path on this machine, where it appears complete or not at all.
 *
 * @internal
 */
export const copyOut = (
  host: Host,
  files: Files,
  container: string,
  path: string,
  target: string
): Effect.Effect<void, CopyError | PlatformError> =>
  Effect.scoped(Effect.gen(function*() {
    const directory = host.path.dirname(host.path.resolve(target))
    const staging = yield* TemporaryDirectory.makeScoped({ directory, prefix: ".ociman-copy-" }).pipe(
      Effect.provideService(FileSystem.FileSystem, host.fs)
    )
    const root = `${staging}/root`
    yield* unpack(host, container, copying.entriesAt(files, container, path), root)
    yield* host.fs.rename(root, target)
  }))
