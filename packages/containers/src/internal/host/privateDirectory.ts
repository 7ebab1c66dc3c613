import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * Error of a directory that another user created or can change.
 */
export class UnsafeDirectory extends Data.TaggedError("UnsafeDirectory")<{
  readonly path: string
  readonly detail: string
}> {
  override get message() {
    return `"${this.path}" cannot be trusted: ${this.detail}. ` +
      "Remove it, or set XDG_RUNTIME_DIR to a directory that only this user can write to."
  }
}

/** User of this process. `hasPermissions` is false if the file system has no users and permissions. */
interface Self {
  readonly uid: Option.Option<number>
  readonly hasPermissions: boolean
}

/**
 * Creates nested directories that are writable by this user only, and returns the
 * path of the innermost one without links. Fails if one of them was created by
 * another user, is a link, is writable by others, or can be replaced by another
 * user: a path in a shared directory such as `/tmp` is predictable, so another
 * user may have created it first.
 */
export const make = (
  fs: FileSystem.FileSystem,
  parent: string,
  names: (uid: Option.Option<number>) => ReadonlyArray<string>
): Effect.Effect<string, PlatformError | UnsafeDirectory> =>
  Effect.gen(function*() {
    yield* fs.makeDirectory(parent, { recursive: true, mode: 0o700 })
    const root = yield* fs.realPath(parent)
    const self = yield* currentUser(fs, root)
    if (self.hasPermissions) {
      yield* Effect.forEach(withAncestors(root), (path) => checkAncestor(fs, self, path), { discard: true })
    }
    return yield* Effect.reduce(names(self.uid), root, (directory, name) => {
      const path = `${directory === "/" ? "" : directory}/${name}`
      return Effect.as(makePrivate(fs, self, path), path)
    })
  })

// The owner of a new directory, since the platform has no function for the current user.
const currentUser = (fs: FileSystem.FileSystem, directory: string): Effect.Effect<Self, PlatformError> =>
  Effect.scoped(Effect.gen(function*() {
    const own = yield* fs.makeTempDirectoryScoped({ directory, prefix: ".ociman-" })
    const { mode, uid } = yield* fs.stat(own)
    return { uid, hasPermissions: !othersCanWrite(mode) }
  }))

const makePrivate = (fs: FileSystem.FileSystem, self: Self, path: string) =>
  fs.makeDirectory(path, { mode: 0o700 }).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
      () =>
        Effect.gen(function*() {
          yield* checkNoLink(fs, path)
          const { mode, type, uid } = yield* fs.stat(path)
          if (type !== "Directory") return yield* unsafe(path, "it is not a directory")
          if (self.hasPermissions && !isSame(uid, self.uid)) return yield* unsafe(path, "another user created it")
          if (self.hasPermissions && othersCanWrite(mode)) return yield* unsafe(path, "other users can write to it")
          yield* checkNoLink(fs, path)
        })
    )
  )

const checkAncestor = (fs: FileSystem.FileSystem, self: Self, path: string) =>
  Effect.flatMap(fs.stat(path), ({ mode, uid }) => {
    if (!isSame(uid, self.uid) && !isSame(uid, Option.some(0))) {
      return unsafe(path, "it belongs to another user, who can replace its contents")
    }
    return othersCanWrite(mode) && !isSticky(mode)
      ? unsafe(path, "other users can replace its contents")
      : Effect.void
  })

const checkNoLink = (fs: FileSystem.FileSystem, path: string) =>
  Effect.matchEffect(fs.readLink(path), {
    onFailure: () => Effect.void,
    onSuccess: (target) => unsafe(path, `it is a link, to "${target}"`)
  })

const unsafe = (path: string, detail: string) => new UnsafeDirectory({ path, detail })

const isSame = (a: Option.Option<number>, b: Option.Option<number>) =>
  Option.isSome(a) && Option.isSome(b) && a.value === b.value

const othersCanWrite = (mode: number) => (mode & 0o022) !== 0

const isSticky = (mode: number) => (mode & 0o1000) !== 0

const withAncestors = (path: string): ReadonlyArray<string> =>
  path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/") || "/")
