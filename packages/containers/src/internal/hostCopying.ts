import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type { Tar } from "@ociman/oci"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CopyError, CopyFailed } from "../BackendError.js"
import type { HostFiles } from "../HostFiles.js"
import type { Files } from "../Primitives.js"
import * as containerPath from "./containerPath.js"
import * as copying from "./copying.js"
import { withoutTrailing } from "./text.js"

/**
 * Copies what is on this machine to a path in a container. An empty directory
 * has no entry that could be copied into one that is there.
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
        ({ path }) => copying.checkOwnFile(container, `${target}/${path.slice(name.length)}`)
      )
    const into = files.copyInto(container, target, copying.archive(container, target, entries("")))
    if (target === "/") {
      return yield* merged ? into : isDirectory ? Effect.void : copying.namedPath(container, path)
    }
    const whole = copying.place(
      files,
      container,
      containerPath.parent(target),
      (prefix) => entries(`${prefix}${containerPath.baseName(target)}`)
    )
    return yield* merged ? Effect.catchTag(into, "PathNotFound", () => whole) : whole
  })

/**
 * Unpacks what a container gives into a new directory, where its root has the
 * given name. `Unpack` of @ociman/oci is for layers, in which names can remove
 * files, may lie below links, and must not be refused for what a link says; here
 * a name is a name, the root may be a file, and no link leads out. Nothing is written to but what was made on the way, so that no
 * link can lead out; what a link may point to stays below the root.
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

    /** The name below the root, empty for the root itself. */
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
        // From the inside out, since a directory may be closed to its owner.
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
 * Whether a link points to something below the root. Steps up are counted from
 * the directory of the link, which is a real one; after a name they could start
 * from anywhere, since the name may be that of a link.
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
 * Copies what is at a path in a container to a path on this machine, where it
 * appears complete or not at all.
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
