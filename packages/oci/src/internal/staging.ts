import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as owners from "./owner.js"
import * as regularFile from "./regularFile.js"
import { decode } from "./text.js"

const prefix = ".ociman-staging-"

/** The file in a staging directory that names the process that has made it. */
const ownerName = "owner"

const Owner = Schema.parseJson(owners.Owner)

/** Whether the process that has made a directory has ended, and the directory can be removed without being changed. */
const isLeft = (fs: FileSystem.FileSystem, own: FileSystem.File.Info, self: Option.Option<owners.Owner>) =>
  Effect.fnUntraced(function*(location: string) {
    if (yield* Effect.isSuccess(fs.readLink(location))) return false
    const info = yield* fs.stat(location)
    // In a directory of somebody else, or that others can write to, links could lead the removal elsewhere.
    const isOurs = info.type === "Directory" && Option.getOrNull(info.uid) === Option.getOrNull(own.uid) &&
      (info.mode & 0o077) === 0
    if (!isOurs) return false
    const bytes = yield* regularFile.read(fs, `${location}/${ownerName}`, 4096)
    const owner = yield* Schema.decode(Owner)(decode(bytes))
    return Option.getOrElse(yield* owners.hasEnded(fs, self, owner), () => false)
  })

/**
 * A new directory beside a file that will be replaced, for as long as the scope is open. Those of processes that were
 * killed are removed.
 */
export const make = (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  directory: string
): Effect.Effect<string, PlatformError, Scope.Scope> =>
  Effect.gen(function*() {
    const made = yield* fs.makeTempDirectoryScoped({ directory, prefix })
    const self = yield* owners.current(fs)
    if (Option.isSome(self)) {
      const text = yield* Effect.orDie(Schema.encode(Owner)(self.value))
      yield* fs.writeFileString(path.join(made, ownerName), text)
    }
    const own = yield* fs.stat(made)
    for (const name of yield* fs.readDirectory(directory)) {
      const location = path.join(directory, name)
      if (!name.startsWith(prefix) || location === made) continue
      const left = yield* Effect.orElseSucceed(isLeft(fs, own, self)(location), () => false)
      if (left) yield* Effect.ignore(fs.remove(location, { recursive: true, force: true }))
    }
    return made
  })
