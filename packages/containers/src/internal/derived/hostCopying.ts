import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Tar from "@ociman/oci/Tar"
import * as TemporaryDirectory from "@ociman/oci/TemporaryDirectory"
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

/**
 * Unpacks a container's archive to a new path. Unlike `Unpack` of `@ociman/oci`, which is for layers, names have no
 * special meaning, the root may be a file, and links that lead out are rejected. Only writes to directories that it has
 * created, so that no link is followed; links may only point below the root.
 */
export const unpack = <E>(
  { fs, path: paths }: { readonly fs: FileSystem.FileSystem; readonly path: Path.Path },
  container: string,
  entries: Stream.Stream<Tar.Entry<E>, E>,
  root: string
): Effect.Effect<void, E | CopyFailed | PlatformError> =>
  Effect.suspend(() => {
    const directories = new Map<string, number>()
    const files = new Set<string>()
    let top: string | undefined

    const unsafe = (entry: string, detail: string) =>
      new CopyFailed({ container, path: entry, reason: "UnsafeEntry", detail })

    /** Returns the name relative to the root, empty for the root itself. */
    const relative = (entry: string, name: string): Effect.Effect<string, CopyFailed> => {
      const whole = strip(name)
      if (top === undefined) return unsafe(entry, "it is not below the first entry")
      const below = top === ""
        ? whole
        : whole === top
        ? ""
        : whole.startsWith(`${top}/`)
        ? whole.slice(top.length + 1)
        : undefined
      if (below === undefined) return unsafe(entry, "it is not below the first entry")
      if (below === "") return Effect.succeed("")
      return below.split("/").every((part) => part !== "" && part !== "." && part !== ".." && isNameHere(part))
        ? Effect.succeed(below)
        : unsafe(entry, "its name leads elsewhere")
    }

    const isNameHere = (part: string) => !part.includes("\0") && (paths.sep === "/" || !/[\\:]/.test(part))

    const locate = (name: string) => name === "" ? root : `${root}/${name}`

    const unpackEntry = Effect.fnUntraced(function*(entry: Tar.Entry<E>) {
      const isTop = top === undefined
      if (isTop) top = strip(entry.path)
      const name = yield* relative(entry.path, entry.path)
      const location = locate(name)
      if (!isTop && name !== "" && !directories.has(parentOf(name))) {
        return yield* unsafe(entry.path, "its directory is not in the archive")
      }
      if (!isTop && name === "") {
        return yield* entry.type === "Directory" && directories.has("")
          ? Effect.void
          : unsafe(entry.path, "it is there twice")
      }
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
          if (name === "") return yield* unsafe(entry.path, "a link would be all of the copy")
          if (!staysInside(name, entry.target)) {
            return yield* unsafe(entry.path, `it is a link that leads out, to ${JSON.stringify(entry.target)}`)
          }
          return yield* fs.symlink(entry.target, location)
        }
        case "Link": {
          const target = yield* relative(entry.path, entry.target)
          return yield* files.has(target)
            ? fs.link(locate(target), location)
            : unsafe(entry.path, "it is another name of a file that is not in the archive")
        }
        default:
          return yield* unsafe(entry.path, `it is of the type ${entry.type}`)
      }
    })

    return Stream.runForEach(entries, unpackEntry).pipe(
      Effect.zipRight(Effect.suspend(() =>
        // Innermost directories first, since the mode of a directory may deny access to its owner.
        Effect.forEach(
          Array.from(directories).reverse(),
          ([name, mode]) => fs.chmod(locate(name), mode),
          { discard: true }
        )
      ))
    )
  })

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
  host: { readonly fs: FileSystem.FileSystem; readonly path: Path.Path },
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
