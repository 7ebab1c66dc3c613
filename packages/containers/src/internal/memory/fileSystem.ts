import * as Tar from "@ociman/oci/Tar"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CopyFailed } from "../../BackendError.js"
import * as containerPath from "../values/containerPath.js"
import { toBytes } from "./scripts.js"

/**
 * Files by their absolute paths. The parent directory of every file is in the map.
 *
 * @internal
 */
export type FileSystem = ReadonlyMap<string, Node>

/** @internal */
export interface Node extends Pick<Tar.Header, "mode" | "uid" | "gid" | "modified" | "target"> {
  readonly type: "File" | "Directory" | "Symlink"
  readonly content: Uint8Array
}

/**
 * Entry of an archive with its whole content.
 *
 * @internal
 */
export interface Unpacked extends Tar.Header {
  readonly bytes: Uint8Array
}

/** @internal */
export interface Refusal {
  readonly reason: CopyFailed["reason"] | "PathNotFound"
  readonly detail: string
}

const refused = (reason: Refusal["reason"], detail: string) => Either.left<Refusal>({ reason, detail })

const noContent = new Uint8Array(0)

const directoryNode: Node = {
  type: "Directory",
  mode: 0o755,
  uid: 0,
  gid: 0,
  modified: new Date(0),
  target: "",
  content: noContent
}

/**
 * File system with the directories that engines create in every container.
 *
 * @internal
 */
export const empty: FileSystem = new Map(
  ["/", "/dev", "/etc", "/proc", "/sys"].map((path) => [path, directoryNode])
)

/** The limit of Linux. */
const maxLinks = 40

/**
 * Resolves the links in a path. The last part need not exist; none if a directory
 * on the way does not exist.
 */
const resolve = (fs: FileSystem, path: string, followLast: boolean, left = maxLinks): Option.Option<string> => {
  const parts = path.split("/").filter((part) => part !== "")
  let at = "/"
  for (const [index, part] of parts.entries()) {
    if (fs.get(at)?.type !== "Directory") return Option.none()
    const next = part === ".." ? containerPath.parent(at) : part === "." ? at : containerPath.join(at, part)
    const node = fs.get(next)
    if (node?.type === "Symlink" && (followLast || index < parts.length - 1)) {
      if (left === 0) return Option.none()
      const target = node.target.startsWith("/") ? node.target : `${at}/${node.target}`
      return resolve(fs, [target, ...parts.slice(index + 1)].join("/"), followLast, left - 1)
    }
    at = next
  }
  return Option.some(at)
}

const find = (fs: FileSystem, path: string): Option.Option<readonly [string, Node]> =>
  Option.flatMap(resolve(fs, path, true), (path) => {
    const node = fs.get(path)
    return node === undefined ? Option.none() : Option.some([path, node])
  })

/** Creates a directory and its missing parents. Returns its path without links. */
const makeDirectories = (fs: Map<string, Node>, path: string): Either.Either<string, Refusal> => {
  let at = "/"
  for (const part of path.split("/").filter((part) => part !== "")) {
    const next = containerPath.join(at, part)
    if (!fs.has(next)) fs.set(next, directoryNode)
    const found = Option.getOrUndefined(find(fs, next))
    if (found?.[1].type !== "Directory") return refused("InTheWay", `${next} is not a directory`)
    at = found[0]
  }
  return Either.right(at)
}

/**
 * Adds a directory, if it does not exist.
 *
 * @internal
 */
export const withDirectory = (fs: FileSystem, path: string): FileSystem => {
  const changed = new Map(fs)
  return Either.isRight(makeDirectories(changed, path)) ? changed : fs
}

/**
 * Empty file system.
 *
 * @internal
 */
export const emptyVolume: FileSystem = new Map([["/", directoryNode]])

/**
 * Mounts another file system in place of a directory.
 *
 * @internal
 */
export const mount = (fs: FileSystem, directory: string, mounted: FileSystem): FileSystem =>
  new Map([
    ...Array.from(fs).filter(([path]) => !containerPath.isWithin(path, directory)),
    ...Array.from(mounted, ([path, node]): [string, Node] => [
      path === "/" ? directory : `${directory === "/" ? "" : directory}${path}`,
      node
    ])
  ])

/**
 * File system of a directory; empty if the directory does not exist.
 *
 * @internal
 */
export const below = (fs: FileSystem, directory: string): FileSystem =>
  new Map([
    ...emptyVolume,
    ...Array.from(fs).filter(([path]) => containerPath.isWithin(path, directory)).map(
      ([path, node]): [string, Node] => [path.slice(directory === "/" ? 0 : directory.length) || "/", node]
    )
  ])

/**
 * Unpacks entries into a directory, all of them or none.
 *
 * @internal
 */
export const unpack = (
  fs: FileSystem,
  directory: string,
  entries: ReadonlyArray<Unpacked>
): Either.Either<FileSystem, Refusal> => {
  const found = Option.getOrUndefined(find(fs, directory))
  if (found === undefined) {
    const link = Option.getOrUndefined(resolve(fs, directory, false))
    return link !== undefined && fs.has(link)
      ? refused("InTheWay", `${directory} is a link to a path that does not exist`)
      : refused("PathNotFound", "")
  }
  const [root, node] = found
  if (node.type !== "Directory") return refused("NotADirectory", `${directory} is not a directory`)
  const changed = new Map(fs)
  for (const entry of entries) {
    const done = unpackEntry(changed, root, entry)
    if (Either.isLeft(done)) return Either.left(done.left)
  }
  return Either.right(changed)
}

/** The limit of Linux. */
const maxPath = 4096

const unpackEntry = (fs: Map<string, Node>, root: string, entry: Unpacked): Either.Either<void, Refusal> =>
  Either.gen(function*() {
    // A name with `..` cannot lead out of the directory.
    const name = Option.getOrElse(containerPath.normalize(`/${entry.path}`), () => "/")
    if (name === "/") return
    if (name.length > maxPath) return yield* refused("InvalidArchive", "a file name is too long")
    const directory = yield* makeDirectories(fs, containerPath.parent(`${root === "/" ? "" : root}${name}`))
    const path = containerPath.join(directory, containerPath.baseName(name))
    const existing = fs.get(path)
    if (existing !== undefined && (existing.type === "Directory") !== (entry.type === "Directory")) {
      return yield* refused("InTheWay", `cannot overwrite ${path}, which is a ${existing.type}`)
    }
    const { gid, mode, modified, target, uid } = entry
    switch (entry.type) {
      case "File":
      case "Directory":
      case "Symlink":
        fs.set(path, { type: entry.type, mode, uid, gid, modified, target, content: entry.bytes })
        return
      case "Link": {
        const linked = fs.get(Option.getOrElse(containerPath.normalize(`${root}/${target}`), () => "/"))
        if (linked?.type !== "File") return yield* refused("InvalidArchive", `${target} is not a file`)
        fs.set(path, linked)
        return
      }
      default:
        return yield* refused("InvalidArchive", `a ${entry.type} cannot be kept in memory`)
    }
  })

/**
 * Archive entries of the file or directory at a path, which may be a link; none if
 * it does not exist.
 *
 * @internal
 */
export const entriesAt = (fs: FileSystem, path: string): Option.Option<ReadonlyArray<Tar.Entry>> =>
  Option.map(find(fs, path), ([root]) => {
    const top = root === "/" ? "." : containerPath.baseName(root)
    return Array.from(fs)
      .filter(([path]) => containerPath.isWithin(path, root))
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([path, { content, ...node }]) => ({
        ...node,
        path: path === root ? top : `${top}${path.slice(root === "/" ? 0 : root.length)}`,
        size: content.length,
        content: Stream.make(content)
      }))
  })

/**
 * Adds files to a file system.
 *
 * @internal
 */
export const withFiles = (fs: FileSystem, files: Readonly<Record<string, string | Uint8Array>>): FileSystem =>
  Object.entries(files).reduce((fs, [path, content]) => {
    const entry: Unpacked = { ...Tar.file(path, content), bytes: toBytes(content) }
    return Either.getOrElse(unpack(fs, "/", [entry]), () => fs)
  }, fs)
