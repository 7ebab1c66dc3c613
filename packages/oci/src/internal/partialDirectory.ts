/** Directories that are unpacked to, beside their destination, with the process that has made them in their names. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { LocalFiles, LocalFilesError } from "../LocalFiles.js"
import * as owners from "./owner.js"

type Files = LocalFiles["Type"]

const infix = ".partial-"

/** What was at the destination before, for the moment in which it is replaced. */
export const oldSuffix = "-old"

const reading = (files: Files): owners.Reading<LocalFilesError> => ({
  readFileString: files.readText,
  readLink: files.readLink,
  exists: (path) => Effect.map(files.status(path), Option.isSome)
})

/** A host as part of a file name. */
const hostName = ({ host }: owners.Owner): string => {
  const [boot = "", namespace = ""] = host.split("/")
  return `${boot.slice(0, 8)}${namespace.replace(/\D/g, "")}`
}

const describe = (owner: owners.Owner): string => `${owner.pid}-${owner.started}-${hostName(owner)}`

/** A name beside a destination that nobody else has. */
export const name = Effect.fnUntraced(function*(files: Files, target: string) {
  const self = yield* owners.current(reading(files))
  const random = (yield* Random.nextIntBetween(0, 2 ** 40)).toString(36)
  return `${target}${infix}${Option.match(self, { onNone: () => "", onSome: (_) => `${describe(_)}-` })}${random}`
})

const split = (path: string): readonly [directory: string, name: string] => {
  const slash = path.lastIndexOf("/")
  return slash === -1 ? [".", path] : [slash === 0 ? "/" : path.slice(0, slash), path.slice(slash + 1)]
}

const suffix = /^(\d+)-(\d+)-([0-9a-z]+)-[0-9a-z]+(-old)?$/

/** Whether what has such a name was made by a process of this host that has ended. */
const isLeft = (files: Files, self: owners.Owner, text: string) => {
  const [, pid, started, host] = suffix.exec(text) ?? []
  return pid === undefined || started === undefined || host !== hostName(self)
    ? Effect.succeed(false)
    : Effect.map(
      owners.hasEnded(reading(files), Option.some(self), { host: self.host, pid, started }),
      Option.getOrElse(() => false)
    )
}

/**
 * Removes what killed programs have left beside a destination. What one of them was about to replace comes back if
 * nothing has its place.
 */
export const clear = Effect.fnUntraced(function*(files: Files, target: string) {
  const self = yield* owners.current(reading(files))
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
    // In a directory of somebody else, or that others can use, links could lead the removal elsewhere.
    const isOurs = Option.exists(
      status,
      ({ mode, type, uid }) =>
        type === "Directory" && (mode & (isOld ? 0o022 : 0o077)) === 0 && Option.exists(own, (_) => _.uid === uid)
    )
    if (isOurs) yield* files.remove(location)
  }
}, Effect.ignore)
