/**
 * File or directory of this machine, to copy into containers.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { withoutTrailing } from "./internal/values/text.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface HostFiles {
  readonly path: string
  readonly isDirectory: Effect.Effect<boolean, PlatformError>
  /**
   * Streams the file, or the directory with its content, under another name; with an empty name, only the content of
   * the directory.
   */
  readonly entries: (name: string) => Stream.Stream<Tar.Entry<PlatformError>, PlatformError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Owner of all files and directories in the container. Default: root. */
  readonly owner?: { readonly uid: number; readonly gid?: number | undefined } | undefined
  /** Permissions of all files. Default: those on this machine. */
  readonly fileMode?: number | undefined
  /** Permissions of all directories. Default: those on this machine. */
  readonly directoryMode?: number | undefined
}

/**
 * Refers to the file or directory at a path, which is read each time it is copied, entry by entry, ordered by name.
 * Symbolic links are copied as such, except a link at the path itself, which is followed. Sockets, pipes and devices
 * are skipped.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (path: string, options: Options = {}): Effect.Effect<HostFiles, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs) => {
    const root = path.slice(0, 1) + withoutTrailing(path.slice(1), "/")
    return {
      path: root,
      isDirectory: Effect.map(fs.stat(root), ({ type }) => type === "Directory"),
      entries: (name) => Stream.unwrap(Effect.map(fs.stat(root), (info) => entry(fs, options, root, name, info)))
    }
  })

type Entries = Stream.Stream<Tar.Entry<PlatformError>, PlatformError>

const attributes = (info: FileSystem.File.Info, mode: number | undefined, { owner }: Options): Tar.Attributes => ({
  mode: mode ?? info.mode & 0o7777,
  uid: owner?.uid ?? 0,
  gid: owner?.gid ?? 0,
  modified: Option.getOrUndefined(info.mtime)
})

const entry = (
  fs: FileSystem.FileSystem,
  options: Options,
  path: string,
  name: string,
  info: FileSystem.File.Info
): Entries => {
  switch (info.type) {
    case "File": {
      const content = fs.stream(path, { bytesToRead: Number(info.size) + 1 })
      return Stream.make(
        Tar.fileStream(name, Number(info.size), content, attributes(info, options.fileMode, options))
      )
    }
    case "Directory": {
      const self = Tar.directory(name, attributes(info, options.directoryMode, options))
      const children = childEntries(fs, options, path, name)
      return name === "" ? children : Stream.concat(Stream.make(self), children)
    }
    default:
      return Stream.empty
  }
}

const childEntries = (fs: FileSystem.FileSystem, options: Options, path: string, name: string): Entries =>
  Stream.fromIterableEffect(Effect.map(fs.readDirectory(path), (names) => names.sort())).pipe(
    Stream.flatMap((child) => {
      const location = `${path}/${child}`
      const childName = name === "" ? child : `${name}/${child}`
      // The platform has no lstat; only links have a target.
      return Stream.unwrap(
        Effect.matchEffect(fs.readLink(location), {
          onSuccess: (target): Effect.Effect<Entries> =>
            Effect.succeed(Stream.make(Tar.symlink(childName, target, options.owner))),
          onFailure: () => Effect.map(fs.stat(location), (info) => entry(fs, options, location, childName, info))
        })
      )
    })
  )
