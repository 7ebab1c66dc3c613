import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Limits } from "../Limits.js"
import type { Attributes, LocalFiles, LocalFilesError, Writer } from "../LocalFiles.js"
import type { Header } from "../Tar.js"
import type { Options, Result } from "../Unpack.js"
import { UnpackError } from "../UnpackError.js"
import * as jails from "./jail.js"
import { partsOf } from "./layerPath.js"
import * as limitCounter from "./limitCounter.js"
import type { Event } from "./tarDecoder.js"
import * as whiteout from "./whiteout.js"

/** Up to how many bytes a file is gathered and written at once. */
const gatherLimit = 256 * 1024

/** The file whose content is being read. */
interface Open {
  readonly header: Header
  readonly remaining: () => number
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, UnpackError>
}

export interface State {
  readonly beginLayer: (index: number) => Effect.Effect<void>
  readonly apply: (event: Event) => Effect.Effect<void, UnpackError>
  readonly counter: limitCounter.Counter
  readonly finish: Effect.Effect<void, UnpackError>
  readonly result: () => Result
}

/** The machine refused to write an entry. */
export const refused = (layer: number, path: string) => (cause: LocalFilesError): UnpackError =>
  new UnpackError({ layer, path, reason: "CannotWrite", detail: cause.message, cause })

const faults: Record<jails.Fault, string> = {
  LeadsNowhere: "a link on the way leads to nothing in the directory",
  TooManyLinks: "too many links are on the way",
  ThroughFile: "it leads through a file"
}

export const make = Effect.fnUntraced(function*({ files, limits, options, root }: {
  readonly files: LocalFiles["Type"]
  readonly root: string
  readonly limits: Limits
  readonly options: Options
}) {
  const scope = yield* Effect.scope
  const jail = jails.make(files, root)
  const skipped: Array<string> = []
  const counter = limitCounter.make(limits)
  let layer = 0
  let open: Open | undefined

  const fail = (header: Pick<Header, "path">, reason: UnpackError["reason"], detail = "") =>
    new UnpackError({ layer, path: header.path, reason, detail })

  const orRefused = (header: Header) => Effect.mapError(refused(layer, header.path))

  const checkLimits = (header: Header, depth: number): Effect.Effect<void, UnpackError> => {
    const exceeded = counter.entry(header, depth)
    return exceeded === undefined ? Effect.void : fail(exceeded, "LimitExceeded", exceeded.rule)
  }

  const attributesOf = (header: Header): Effect.Effect<Attributes, UnpackError> => {
    const { gid, mode, modified, uid } = header
    const policy = options.setUserId ?? "refuse"
    if ((mode & 0o6000) !== 0 && policy === "refuse") return fail(header, "SetUserId")
    return Effect.succeed({
      mode: policy === "keep" ? mode : mode & 0o1777,
      modified,
      ...(options.owners === "kept" ? { owner: { uid, gid } } : {})
    })
  }

  /** The directory that an entry is in. */
  const parentOf = (header: Header, parts: ReadonlyArray<string>): Effect.Effect<jails.Directory, UnpackError> =>
    Effect.flatMap(orRefused(header)(jail.resolve(parts.slice(0, -1), true)), (resolved) => {
      switch (resolved._tag) {
        case "Directory":
          return Effect.succeed(resolved.directory)
        case "Fault":
          return fail(header, "UnsafePath", faults[resolved.fault])
        case "Missing":
          return Effect.dieMessage("A directory that was to be made is missing")
      }
    })

  const begin = (header: Header, write: Open["write"]): void => {
    let remaining = header.size
    open = {
      header,
      remaining: () => remaining,
      write: (bytes) => {
        remaining -= bytes.length
        return write(bytes)
      }
    }
  }

  const placeFile = (header: Header, parent: jails.Directory, name: string, attributes: Attributes) => {
    const place = (content: Uint8Array) =>
      orRefused(header)(jail.place(parent, name, (location) => files.writeFile(location, content, attributes)))
    if (header.size === 0) return place(new Uint8Array(0))
    if (header.size > gatherLimit) return beginLarge(header, parent, name, attributes)
    let gathered: Uint8Array | undefined
    let length = 0
    begin(header, (bytes) => {
      if (bytes.length === header.size) return place(bytes)
      gathered ??= new Uint8Array(header.size)
      gathered.set(bytes, length)
      length += bytes.length
      return length === header.size ? place(gathered) : Effect.void
    })
    return Effect.void
  }

  const beginLarge = Effect.fnUntraced(
    function*(header: Header, parent: jails.Directory, name: string, attributes: Attributes) {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const writers: Array<Writer> = []
      const create = (location: string) =>
        files.createFile(location).pipe(
          Scope.extend(own),
          Effect.map((writer) => {
            writers.push(writer)
          })
        )
      yield* orRefused(header)(jail.place(parent, name, create))
      let remaining = header.size
      begin(header, (bytes) => {
        remaining -= bytes.length
        const [writer] = writers
        if (writer === undefined) return Effect.dieMessage("A file that was made has no writer")
        const written = orRefused(header)(writer.write(bytes))
        return remaining > 0 ? written : written.pipe(
          Effect.zipRight(orRefused(header)(writer.setAttributes(attributes))),
          Effect.zipRight(Scope.close(own, Exit.void))
        )
      })
    }
  )

  const placeLink = Effect.fnUntraced(
    function*(header: Header, parent: jails.Directory, name: string, attributes: Attributes) {
      const parts = partsOf(header.target)
      const last = parts?.at(-1)
      if (parts === undefined || last === undefined) return yield* fail(header, "UnsafeLink", header.target)
      const resolved = yield* orRefused(header)(jail.resolve(parts.slice(0, -1), false))
      if (resolved._tag !== "Directory") return yield* fail(header, "UnsafeLink", header.target)
      const path = `${resolved.directory.path}/${last}`
      if (path === `${parent.path}/${name}`) return yield* fail(header, "UnsafeLink", "it is a link to itself")
      const location = jail.locate(path.startsWith("/") ? last : path)
      const status = Option.getOrUndefined(yield* orRefused(header)(files.status(location)))
      if (status?.type === "File") {
        return yield* orRefused(header)(jail.place(parent, name, (link) => files.makeLink(link, location)))
      }
      if (status?.type !== "Symlink") return yield* fail(header, "UnsafeLink", header.target)
      // Not every system can give a link another name, and one that says the same is as good.
      const target = yield* orRefused(header)(files.readLink(location))
      yield* orRefused(header)(jail.place(parent, name, (link) => files.makeSymlink(link, target, attributes)))
    }
  )

  const applyWhiteout = (header: Header, parts: ReadonlyArray<string>, name: Option.Option<string>) =>
    Effect.flatMap(orRefused(header)(jail.resolve(parts.slice(0, -1), false)), (resolved) =>
      // What is not there need not be removed.
      resolved._tag !== "Directory"
        ? Effect.void
        : orRefused(header)(Option.match(name, {
          onNone: () => jail.emptyLower(resolved.directory),
          onSome: (name) => jail.removeLower(resolved.directory, name)
        })))

  const applyEntry = Effect.fnUntraced(function*(header: Header, parts: ReadonlyArray<string>) {
    const name = parts.at(-1)
    if (header.type === "CharacterDevice" || header.type === "BlockDevice" || header.type === "Fifo") {
      if (options.devices !== "skip" || name === undefined) return yield* fail(header, "Device")
      skipped.push(header.path)
      // What lower layers have of that name would be hidden by the device, and must not be seen instead of it.
      const resolved = yield* orRefused(header)(jail.resolve(parts.slice(0, -1), false))
      if (resolved._tag === "Directory") yield* orRefused(header)(jail.remove(resolved.directory, name))
      return
    }
    if (name === undefined) {
      if (header.type !== "Directory") return yield* fail(header, "ChangesRoot")
      jail.root.attributes = yield* attributesOf(header)
      return
    }
    // Another name of a file has no permissions of its own.
    const attributes = yield* attributesOf(header.type === "Link" ? { ...header, mode: 0 } : header)
    const parent = yield* parentOf(header, parts)
    switch (header.type) {
      case "Directory": {
        const made = yield* orRefused(header)(jail.placeDirectory(parent, name))
        made.attributes = attributes
        return
      }
      case "File":
        return yield* placeFile(header, parent, name, attributes)
      case "Symlink":
        if (header.target === "") return yield* fail(header, "UnsafeLink", "it leads to nothing")
        return yield* orRefused(header)(
          jail.place(parent, name, (location) => files.makeSymlink(location, header.target, attributes))
        )
      case "Link":
        return yield* placeLink(header, parent, name, attributes)
    }
  })

  const applyHeader = (header: Header): Effect.Effect<void, UnpackError> => {
    open = undefined
    const parts = partsOf(header.path)
    return Effect.flatMap(checkLimits(header, parts?.length ?? 0), () => {
      if (parts === undefined) return fail(header, "UnsafePath", "it is empty or has \"..\" or a NUL in it")
      const meaning = whiteout.meaningOf(parts)
      switch (meaning._tag) {
        case "Invalid":
          return fail(header, "InvalidWhiteout")
        case "Ignored":
          return Effect.void
        case "Opaque":
          return applyWhiteout(header, parts, Option.none())
        case "Whiteout":
          return applyWhiteout(header, parts, Option.some(meaning.name))
        case "Entry":
          return applyEntry(header, parts)
      }
    })
  }

  const state: State = {
    beginLayer: (index) =>
      Effect.sync(() => {
        layer = index
        jail.beginLayer(index)
      }),
    // Content of what is not made, such as of whiteouts, is passed over.
    apply: (event) => event._tag === "Entry" ? applyHeader(event.header) : open?.write(event.bytes) ?? Effect.void,
    counter,
    finish: Effect.mapError(jail.finish, refused(0, "")),
    result: () => ({ entries: counter.entries(), size: counter.size(), skipped })
  }
  return state
})
