/** Directory tree in which no path leads outside. */
import type { Tag } from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Attributes, LocalFiles, LocalFilesError } from "../../LocalFiles.js"
import { join } from "../layers/path.js"

/**
 * Directory created by this unpacking. All created directories are recorded, so an existing path that is not among the
 * children of its directory is not a directory. Mutable.
 */
export interface Directory {
  /** Path below the root; empty for the root. */
  readonly path: string
  readonly parent: Directory | undefined
  readonly children: Map<string, Directory>
  /** Names added, or containing added entries, with the last layer that did so. */
  readonly layers: Map<string, number>
  /**
   * Last layer for which entries of lower layers were removed. Removing them again would visit everything that this
   * layer created, once for each whiteout.
   */
  cleared: number
  /** Attributes to set once the directory is complete. */
  attributes: Attributes
}

/** Reasons why a path cannot be used. */
export type Fault = "DanglingLink" | "TooManyLinks" | "ThroughFile"

export type Resolved =
  | { readonly _tag: "Directory"; readonly directory: Directory }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Fault"; readonly fault: Fault }

/** Maximum number of links followed for one path, as in Linux. */
const maxLinks = 40

const implicit: Attributes = { mode: 0o755, modified: new Date(0) }

const directory = (parent: Directory | undefined, name: string, cleared = -1): Directory => ({
  path: parent === undefined ? "" : join(parent.path, name),
  parent,
  children: new Map(),
  layers: new Map(),
  cleared,
  attributes: implicit
})

/**
 * Confines paths to a directory that no other process writes to. Every component of a path is checked; targets of links
 * on the way are resolved below the root. Mutable.
 */
interface Context {
  readonly files: Tag.Service<typeof LocalFiles>
  /** Path of the directory on disk. */
  readonly location: string
  readonly root: Directory
  /** Position of the current layer, from 0. */
  layer: number
}

const found = (directory: Directory): Resolved => ({ _tag: "Directory", directory })

const missing: Resolved = { _tag: "Missing" }

const fault = (fault: Fault): Resolved => ({ _tag: "Fault", fault })

const locate = ({ location }: Context, path: string): string => path === "" ? location : `${location}/${path}`

/** The lowest layer has nothing below that a whiteout could remove. */
const mark = ({ layer }: Context, parent: Directory, name: string): void => {
  if (layer > 0) parent.layers.set(name, layer)
}

const markAll = (self: Context, from: Directory): void => {
  for (let at: Directory = from; at.parent !== undefined; at = at.parent) {
    mark(self, at.parent, at.path.slice(at.path.lastIndexOf("/") + 1))
  }
}

const makeDirectory = (self: Context, parent: Directory, name: string): Effect.Effect<Directory, LocalFilesError> =>
  Effect.map(self.files.makeDirectory(locate(self, join(parent.path, name))), () => {
    const made = directory(parent, name, self.layer)
    parent.children.set(name, made)
    mark(self, parent, name)
    return made
  })

const resolveKnown = (self: Context, parts: ReadonlyArray<string>): Directory | undefined => {
  let at: Directory | undefined = self.root
  for (const part of parts) at = at?.children.get(part)
  return at
}

/** Resolves a path component by component, following links. */
const resolveSteps = Effect.fnUntraced(function*(self: Context, parts: ReadonlyArray<string>, create: boolean) {
  const { files, root } = self
  let at = root
  let links = 0
  let rest = Array.from(parts).reverse()
  let own = rest.length
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const fromLink = rest.length >= own
    if (!fromLink) own = rest.length
    if (part === "" || part === ".") continue
    const child = part === ".." ? at.parent ?? root : at.children.get(part)
    if (child !== undefined) {
      at = child
      continue
    }
    const location = locate(self, join(at.path, part))
    const status = yield* files.status(location)
    if (Option.isNone(status)) {
      if (fromLink) return fault("DanglingLink")
      if (!create) return missing
      at = yield* makeDirectory(self, at, part)
    } else if (status.value.type === "Symlink") {
      if (++links > maxLinks) return fault("TooManyLinks")
      const target = yield* files.readLink(location)
      if (target.startsWith("/")) at = root
      rest = rest.concat(target.split("/").reverse())
    } else if (status.value.type === "Directory") {
      // Another spelling of a name on a case-insensitive file system.
      const alias = directory(at, part)
      at.children.set(part, alias)
      at = alias
    } else {
      return fault("ThroughFile")
    }
  }
  if (create) markAll(self, at)
  return found(at)
})

const resolve = (
  self: Context,
  parts: ReadonlyArray<string>,
  create: boolean
): Effect.Effect<Resolved, LocalFilesError> =>
  Effect.suspend(() => {
    const known = resolveKnown(self, parts)
    if (known === undefined) return resolveSteps(self, parts, create)
    if (create) markAll(self, known)
    return Effect.succeed(found(known))
  })

const remove = (self: Context, parent: Directory, name: string): Effect.Effect<void, LocalFilesError> =>
  Effect.map(self.files.remove(locate(self, join(parent.path, name))), () => {
    parent.children.delete(name)
    parent.layers.delete(name)
  })

/** Repeats a creation once an existing entry of the same name is removed. */
const replacing =
  (self: Context, parent: Directory, name: string) =>
  <A>(made: Effect.Effect<A, LocalFilesError>): Effect.Effect<A, LocalFilesError> =>
    Effect.catchIf(
      made,
      ({ reason }) => reason === "AlreadyExists",
      () => Effect.zipRight(remove(self, parent, name), made)
    )

const placeDirectory = (self: Context, parent: Directory, name: string): Effect.Effect<Directory, LocalFilesError> => {
  const existing = parent.children.get(name)
  if (existing === undefined) return replacing(self, parent, name)(makeDirectory(self, parent, name))
  mark(self, parent, name)
  return Effect.succeed(existing)
}

/** Removes entries that lower layers created under a name, but none of the current layer. */
const removeLower = (self: Context, parent: Directory, name: string): Effect.Effect<void, LocalFilesError> => {
  if (parent.layers.get(name) !== self.layer) return remove(self, parent, name)
  const child = parent.children.get(name)
  return child === undefined ? Effect.void : emptyLower(self, child)
}

const emptyLower = (self: Context, at: Directory): Effect.Effect<void, LocalFilesError> =>
  at.cleared === self.layer ? Effect.void : self.files.list(locate(self, at.path)).pipe(
    Effect.flatMap(Effect.forEach((name) => Effect.suspend(() => removeLower(self, at, name)), { discard: true })),
    Effect.zipRight(Effect.sync(() => {
      at.cleared = self.layer
    }))
  )

const finish = (self: Context): Effect.Effect<void, LocalFilesError> =>
  Effect.suspend(() => {
    const all: Array<Directory> = [self.root]
    for (const at of all) {
      for (const child of at.children.values()) all.push(child)
    }
    return Effect.forEach(
      all.reverse(),
      (at) => self.files.setAttributes(locate(self, at.path), at.attributes),
      { discard: true }
    )
  })

export interface Jail {
  readonly root: Directory
  /** Path on disk of a path below the root. */
  readonly locate: (path: string) => string
  /**
   * Resolves a path to its directory. With `create`, missing directories are created, except for those in the target of
   * a link.
   */
  readonly resolve: (parts: ReadonlyArray<string>, create: boolean) => Effect.Effect<Resolved, LocalFilesError>
  /**
   * Creates an entry that is not a directory. An existing entry of the same name is removed first, and never written
   * through.
   */
  readonly place: (
    parent: Directory,
    name: string,
    create: (location: string) => Effect.Effect<void, LocalFilesError>
  ) => Effect.Effect<void, LocalFilesError>
  /** Creates a directory, or keeps the existing one. */
  readonly placeDirectory: (parent: Directory, name: string) => Effect.Effect<Directory, LocalFilesError>
  /** Removes an entry recursively. */
  readonly remove: (parent: Directory, name: string) => Effect.Effect<void, LocalFilesError>
  /** Sets the attributes of all directories, innermost first, since attributes may deny access to the owner. */
  readonly finish: Effect.Effect<void, LocalFilesError>
  readonly beginLayer: (position: number) => void
  /** Removes what lower layers created under a name. */
  readonly removeLower: (parent: Directory, name: string) => Effect.Effect<void, LocalFilesError>
  /** Removes what lower layers created in a directory. */
  readonly emptyLower: (directory: Directory) => Effect.Effect<void, LocalFilesError>
}

/** The directory on disk must exist and be empty. */
export const make = (files: Tag.Service<typeof LocalFiles>, location: string): Jail => {
  const self: Context = { files, location, root: directory(undefined, ""), layer: 0 }
  return {
    root: self.root,
    locate: (path) => locate(self, path),
    resolve: (parts, create) => resolve(self, parts, create),
    place: (parent, name, create) =>
      Effect.tap(
        replacing(self, parent, name)(create(locate(self, join(parent.path, name)))),
        () => Effect.sync(() => mark(self, parent, name))
      ),
    placeDirectory: (parent, name) => placeDirectory(self, parent, name),
    remove: (parent, name) => remove(self, parent, name),
    finish: finish(self),
    beginLayer: (position) => {
      self.layer = position
    },
    // The lowest layer has nothing to remove.
    removeLower: (parent, name) => self.layer === 0 ? Effect.void : removeLower(self, parent, name),
    emptyLower: (at) => self.layer === 0 ? Effect.void : emptyLower(self, at)
  }
}
