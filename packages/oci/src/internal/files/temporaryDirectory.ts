import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { decode } from "../values/text.js"
import * as processIdentity from "./processIdentity.js"
import * as regularFile from "./regularFile.js"

/** File in a directory that identifies the process that created it. */
const ownerName = ".ociman-owner"

const Owner = Schema.parseJson(processIdentity.ProcessIdentity)

/** Reports whether the process that created a directory has ended, and the directory can safely be removed. */
const isLeft = (
  fs: FileSystem.FileSystem,
  own: FileSystem.File.Info,
  self: Option.Option<processIdentity.ProcessIdentity>
) =>
  Effect.fnUntraced(function*(location: string) {
    if (yield* Effect.isSuccess(fs.readLink(location))) return false
    const info = yield* fs.stat(location)
    // Links in a directory of another user, or one that others can write to, could redirect the removal.
    const isOurs = info.type === "Directory" && Option.getOrNull(info.uid) === Option.getOrNull(own.uid) &&
      (info.mode & 0o077) === 0
    if (!isOurs) return false
    const bytes = yield* regularFile.read(fs, `${location}/${ownerName}`, 4096)
    const owner = yield* Schema.decode(Owner)(decode(bytes))
    return Option.getOrElse(yield* processIdentity.hasEnded(fs, self, owner), () => false)
  })

/**
 * Makes a directory that only this user can read, and removes it when the scope closes. Directories with the same
 * prefix that ended processes left behind are removed too.
 *
 * By default the directory is made where the platform keeps temporary files.
 */
export const make = (
  fs: FileSystem.FileSystem,
  options: { readonly directory?: string; readonly prefix: string }
): Effect.Effect<string, PlatformError, Scope.Scope> =>
  Effect.gen(function*() {
    const made = yield* fs.makeTempDirectoryScoped(options)
    const self = yield* processIdentity.current(fs)
    if (Option.isNone(self)) return made
    yield* fs.writeFileString(`${made}/${ownerName}`, yield* Effect.orDie(Schema.encode(Owner)(self.value)))
    yield* Effect.ignore(removeLeft(fs, made, options.prefix, self))
    return made
  })

const removeLeft = Effect.fnUntraced(function*(
  fs: FileSystem.FileSystem,
  made: string,
  prefix: string,
  self: Option.Option<processIdentity.ProcessIdentity>
) {
  const own = yield* fs.stat(made)
  const directory = yield* fs.realPath(`${made}/..`)
  for (const name of yield* fs.readDirectory(directory)) {
    const location = `${directory}/${name}`
    if (!name.startsWith(prefix) || made.endsWith(name)) continue
    const left = yield* Effect.orElseSucceed(isLeft(fs, own, self)(location), () => false)
    if (left) yield* Effect.ignore(fs.remove(location, { recursive: true, force: true }))
  }
})
