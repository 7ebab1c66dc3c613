/** Applies the entries of layers to a directory. */
import type { Tag } from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Attributes, LocalFiles, LocalFilesError, Writer } from "../../LocalFiles.js"
import * as limitCounter from "../layers/limitCounter.js"
import type { Limits } from "../layers/limits.js"
import { partsOf } from "../layers/path.js"
import * as whiteout from "../layers/whiteout.js"
import type { Event } from "../tar/decoder.js"
import type { Header } from "../tar/model.js"
import { UnpackError } from "./error.js"
import * as jails from "./jail.js"
import type { Options, Result } from "./model.js"

/** Maximum size of a file that is gathered in memory and written at once. */
const gatherLimit = 256 * 1024

/** Receives the content of the current file. */
type Write = (bytes: Uint8Array) => Effect.Effect<void, UnpackError>

/** Progress of unpacking. Mutable. */
interface Context {
  readonly files: Tag.Service<typeof LocalFiles>
  readonly jail: jails.Jail
  readonly counter: limitCounter.Counter
  readonly options: Options
  readonly scope: Scope.Scope
  readonly skipped: Array<string>
  /** Position of the current layer, from 0. */
  layer: number
  /** Undefined if the content of the current entry is ignored. */
  write: Write | undefined
}

/** Directory and name of an entry to create. */
interface Target {
  readonly header: Header
  readonly parent: jails.Directory
  readonly name: string
  readonly attributes: Attributes
}

export interface State {
  readonly beginLayer: (index: number) => Effect.Effect<void>
  readonly apply: (event: Event) => Effect.Effect<void, UnpackError>
  readonly counter: limitCounter.Counter
  readonly finish: Effect.Effect<void, UnpackError>
  readonly result: () => Result
}

/** Makes the error of a failed file operation. */
export const cannotWrite = (layer: number, path: string) => (cause: LocalFilesError): UnpackError =>
  new UnpackError({ layer, path, reason: "CannotWrite", detail: cause.message, cause })

const faults: Record<jails.Fault, string> = {
  DanglingLink: "a link on the way is dangling",
  TooManyLinks: "too many links are on the way",
  ThroughFile: "it leads through a file"
}

const fail = ({ layer }: Context, header: Pick<Header, "path">, reason: UnpackError["reason"], detail = "") =>
  new UnpackError({ layer, path: header.path, reason, detail })

const mapError = ({ layer }: Context, header: Header) => Effect.mapError(cannotWrite(layer, header.path))

const attributesOf = (self: Context, header: Header): Effect.Effect<Attributes, UnpackError> => {
  const { gid, mode, modified, uid } = header
  const policy = self.options.setUserId ?? "refuse"
  if ((mode & 0o6000) !== 0 && policy === "refuse") return fail(self, header, "SetUserId")
  return Effect.succeed({
    mode: policy === "keep" ? mode : mode & 0o1777,
    modified,
    ...(self.options.owners === "kept" ? { owner: { uid, gid } } : {})
  })
}

/** Resolves the parent directory of an entry, creating missing directories. */
const parentOf = (self: Context, header: Header, parts: ReadonlyArray<string>) =>
  Effect.flatMap(
    mapError(self, header)(self.jail.resolve(parts.slice(0, -1), true)),
    (resolved): Effect.Effect<jails.Directory, UnpackError> => {
      switch (resolved._tag) {
        case "Directory":
          return Effect.succeed(resolved.directory)
        case "Fault":
          return fail(self, header, "UnsafePath", faults[resolved.fault])
        case "Missing":
          return Effect.dieMessage("A directory that was to be created is missing")
      }
    }
  )

/** Gathers the content of a small file, and writes it at once. */
const placeSmall = (self: Context, { attributes, header, name, parent }: Target): Effect.Effect<void, UnpackError> => {
  const place = (content: Uint8Array) =>
    mapError(self, header)(
      self.jail.place(parent, name, (location) => self.files.writeFile(location, content, attributes))
    )
  if (header.size === 0) return place(new Uint8Array(0))
  let gathered: Uint8Array | undefined
  let length = 0
  self.write = (bytes) => {
    if (bytes.length === header.size) return place(bytes)
    gathered ??= new Uint8Array(header.size)
    gathered.set(bytes, length)
    length += bytes.length
    return length === header.size ? place(gathered) : Effect.void
  }
  return Effect.void
}

/** Creates a large file, and writes its content as it arrives. */
const placeLarge = Effect.fnUntraced(function*(self: Context, { attributes, header, name, parent }: Target) {
  const scope = yield* Scope.fork(self.scope, ExecutionStrategy.sequential)
  const writers: Array<Writer> = []
  const create = (location: string) =>
    self.files.createFile(location).pipe(
      Scope.extend(scope),
      Effect.map((writer) => {
        writers.push(writer)
      })
    )
  const mapped = mapError(self, header)
  yield* mapped(self.jail.place(parent, name, create))
  let remaining = header.size
  self.write = (bytes) => {
    remaining -= bytes.length
    const [writer] = writers
    if (writer === undefined) return Effect.dieMessage("A created file has no writer")
    const written = mapped(writer.write(bytes))
    return remaining > 0 ? written : written.pipe(
      Effect.zipRight(mapped(writer.setAttributes(attributes))),
      Effect.zipRight(Scope.close(scope, Exit.void))
    )
  }
})

const placeLink = Effect.fnUntraced(function*(self: Context, { attributes, header, name, parent }: Target) {
  const { files, jail } = self
  const mapped = mapError(self, header)
  const unsafe = (detail = header.target) => fail(self, header, "UnsafeLink", detail)
  const parts = partsOf(header.target)
  const last = parts?.at(-1)
  if (parts === undefined || last === undefined) return yield* unsafe()
  const resolved = yield* mapped(jail.resolve(parts.slice(0, -1), false))
  if (resolved._tag !== "Directory") return yield* unsafe()
  const path = `${resolved.directory.path}/${last}`
  if (path === `${parent.path}/${name}`) return yield* unsafe("it is a link to itself")
  const location = jail.locate(path.startsWith("/") ? last : path)
  const status = Option.getOrUndefined(yield* mapped(files.status(location)))
  if (status?.type === "File") {
    return yield* mapped(jail.place(parent, name, (link) => files.makeLink(link, location)))
  }
  if (status?.type !== "Symlink") return yield* unsafe()
  // Not every system can hard-link a symbolic link; a copy is equivalent.
  const target = yield* mapped(files.readLink(location))
  yield* mapped(jail.place(parent, name, (link) => files.makeSymlink(link, target, attributes)))
})

const applyWhiteout = (self: Context, header: Header, parts: ReadonlyArray<string>, name: Option.Option<string>) => {
  const mapped = mapError(self, header)
  return Effect.flatMap(
    mapped(self.jail.resolve(parts.slice(0, -1), false)),
    (resolved) =>
      resolved._tag !== "Directory"
        ? Effect.void
        : mapped(Option.match(name, {
          onNone: () => self.jail.emptyLower(resolved.directory),
          onSome: (name) => self.jail.removeLower(resolved.directory, name)
        }))
  )
}

/** A skipped device still hides an entry of the same name in lower layers. */
const skipDevice = Effect.fnUntraced(function*(self: Context, header: Header, parts: ReadonlyArray<string>) {
  const name = parts.at(-1)
  if (self.options.devices !== "skip" || name === undefined) return yield* fail(self, header, "Device")
  self.skipped.push(header.path)
  const mapped = mapError(self, header)
  const resolved = yield* mapped(self.jail.resolve(parts.slice(0, -1), false))
  if (resolved._tag === "Directory") yield* mapped(self.jail.remove(resolved.directory, name))
})

const place = (self: Context, type: "Directory" | "File" | "Symlink" | "Link", target: Target) => {
  const { attributes, header, name, parent } = target
  switch (type) {
    case "Directory":
      return Effect.map(mapError(self, header)(self.jail.placeDirectory(parent, name)), (made) => {
        made.attributes = attributes
      })
    case "File":
      return header.size > gatherLimit ? placeLarge(self, target) : placeSmall(self, target)
    case "Symlink":
      return header.target === "" ? fail(self, header, "UnsafeLink", "it has no target") : mapError(self, header)(
        self.jail.place(parent, name, (location) => self.files.makeSymlink(location, header.target, attributes))
      )
    case "Link":
      return placeLink(self, target)
  }
}

const applyEntry = Effect.fnUntraced(function*(self: Context, header: Header, parts: ReadonlyArray<string>) {
  const name = parts.at(-1)
  const { type } = header
  if (type === "CharacterDevice" || type === "BlockDevice" || type === "Fifo") {
    return yield* skipDevice(self, header, parts)
  }
  if (name === undefined) {
    if (type !== "Directory") return yield* fail(self, header, "ChangesRoot")
    self.jail.root.attributes = yield* attributesOf(self, header)
    return
  }
  // A hard link has no permissions of its own.
  const attributes = yield* attributesOf(self, type === "Link" ? { ...header, mode: 0 } : header)
  const parent = yield* parentOf(self, header, parts)
  yield* place(self, type, { header, parent, name, attributes })
})

const applyHeader = (self: Context, header: Header): Effect.Effect<void, UnpackError> => {
  self.write = undefined
  const parts = partsOf(header.path)
  const exceeded = self.counter.entry(header, parts?.length ?? 0)
  if (exceeded !== undefined) return fail(self, exceeded, "LimitExceeded", exceeded.rule)
  if (parts === undefined) return fail(self, header, "UnsafePath", "it is empty or contains \"..\" or a NUL")
  const meaning = whiteout.meaningOf(parts)
  switch (meaning._tag) {
    case "Invalid":
      return fail(self, header, "InvalidWhiteout")
    case "Ignored":
      return Effect.void
    case "Opaque":
      return applyWhiteout(self, header, parts, Option.none())
    case "Whiteout":
      return applyWhiteout(self, header, parts, Option.some(meaning.name))
    case "Entry":
      return applyEntry(self, header, parts)
  }
}

export const make = ({ files, limits, options, root }: {
  readonly files: Tag.Service<typeof LocalFiles>
  readonly root: string
  readonly limits: Limits
  readonly options: Options
}): Effect.Effect<State, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const counter = limitCounter.make(limits)
    const jail = jails.make(files, root)
    const self: Context = { files, jail, counter, options, scope, skipped: [], layer: 0, write: undefined }
    return {
      beginLayer: (index) =>
        Effect.sync(() => {
          self.layer = index
          jail.beginLayer(index)
        }),
      apply: (event) =>
        event._tag === "Entry" ? applyHeader(self, event.header) : self.write?.(event.bytes) ?? Effect.void,
      counter,
      finish: Effect.mapError(jail.finish, cannotWrite(0, "")),
      result: () => ({ entries: counter.entries(), size: counter.size(), skipped: self.skipped })
    }
  })
