/** Temporary directories of unpacking, beside their destination. Their names identify the process that created them. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { LocalFiles, LocalFilesError } from "../../LocalFiles.js"
import * as processIdentity from "../files/processIdentity.js"

type Files = Context.Tag.Service<typeof LocalFiles>

const infix = ".partial-"

/** Suffix for the old destination while it is replaced. */
export const oldSuffix = "-old"

const reading = (files: Files): processIdentity.ProcReader<LocalFilesError> => ({
  readFileString: files.readText,
  readLink: files.readLink,
  exists: (path) => Effect.map(files.status(path), Option.isSome)
})

/** Identity of a host as part of a file name. */
const hostName = ({ host }: processIdentity.ProcessIdentity): string => {
  const [boot = "", namespace = ""] = host.split("/")
  return `${boot.slice(0, 8)}${namespace.replace(/\D/g, "")}`
}

const describe = (owner: processIdentity.ProcessIdentity): string => `${owner.pid}-${owner.started}-${hostName(owner)}`

/** Unique name beside a destination. */
export const name = Effect.fnUntraced(function*(files: Files, target: string) {
  const self = yield* processIdentity.current(reading(files))
  const random = (yield* Random.nextIntBetween(0, 2 ** 40)).toString(36)
  return `${target}${infix}${Option.match(self, { onNone: () => "", onSome: (_) => `${describe(_)}-` })}${random}`
})

const split = (path: string): readonly [directory: string, name: string] => {
  const slash = path.lastIndexOf("/")
  return slash === -1 ? [".", path] : [slash === 0 ? "/" : path.slice(0, slash), path.slice(slash + 1)]
}

const suffix = /^(\d+)-(\d+)-([0-9a-z]+)-[0-9a-z]+(-old)?$/

/** Reports whether a name belongs to an ended process of this host. */
const isLeft = (files: Files, self: processIdentity.ProcessIdentity, text: string) => {
  const [, pid, started, host] = suffix.exec(text) ?? []
  return pid === undefined || started === undefined || host !== hostName(self)
    ? Effect.succeed(false)
    : Effect.map(
      processIdentity.hasEnded(reading(files), Option.some(self), { host: self.host, pid, started }),
      Option.getOrElse(() => false)
    )
}

/**
 * Removes directories of killed processes beside a destination. A destination that was about to be replaced is restored
 * if nothing has taken its place.
 */
export const clear = Effect.fnUntraced(function*(files: Files, target: string) {
  const self = yield* processIdentity.current(reading(files))
  if (Option.isNone(self)) return
  const [directory, base] = split(target)
  const own = yield* files.status("/proc/self/stat")
  for (const found of yield* files.list(directory)) {
    if (!found.startsWith(`${base}${infix}`)) continue
    if (!(yield* isLeft(files, self.value, found.slice(base.length + infix.length)))) continue
    const location = `${directory}/${found}`
    const status = yield* files.status(location)
    const isOld = found.endsWith(oldSuffix)
    if (isOld) {
      const isThere = Option.isSome(yield* files.status(target))
      yield* isThere ? Effect.void : files.rename(location, target)
      if (!isThere) continue
    }
    // Links in a directory of another user, or one that others can write to, could redirect the removal.
    const isOurs = Option.exists(
      status,
      ({ mode, type, uid }) =>
        type === "Directory" && (mode & (isOld ? 0o022 : 0o077)) === 0 && Option.exists(own, (_) => _.uid === uid)
    )
    if (isOurs) yield* files.remove(location)
  }
}, Effect.ignore)
