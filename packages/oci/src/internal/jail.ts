import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Attributes, LocalFiles, LocalFilesError } from "../LocalFiles.js"
import { join } from "./layerPath.js"

/**
 * A directory that was made here. All of them are known, so what is found on disk under a name that is not among the
 * children of its directory is no directory. It is mutable.
 */
export interface Directory {
  /** Below the root, where it is empty. */
  readonly path: string
  readonly parent: Directory | undefined
  readonly children: Map<string, Directory>
  /** Names that were added, or led to what was, and the last layer that did. */
  readonly layers: Map<string, number>
  /**
   * The last layer at whose time nothing of lower layers was in it or came to be. To remove it again would mean to look
   * at everything that this layer has made, for each of any number of whiteouts.
   */
  cleared: number
  /** What it is given when everything is in it. */
  attributes: Attributes
}

/** Why a path cannot be used. */
export type Fault = "LeadsNowhere" | "TooManyLinks" | "ThroughFile"

export type Resolved =
  | { readonly _tag: "Directory"; readonly directory: Directory }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Fault"; readonly fault: Fault }

/** How many links are followed on the way to one entry, as by Linux. */
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
 * A directory on disk that nobody else writes to, and in which no path leads out. Every step of a path is looked at, a
 * link on the way is followed by what it says, and what it says is taken to be below the root.
 */
export const make = (files: LocalFiles["Type"], rootLocation: string) => {
  const root = directory(undefined, "")
  const locate = (path: string): string => path === "" ? rootLocation : `${rootLocation}/${path}`
  let layer = 0

  /** In the lowest layer there is nothing that a whiteout could remove. */
  const mark = (at: Directory, name: string): void => {
    if (layer > 0) at.layers.set(name, layer)
  }

  const makeDirectory = (parent: Directory, name: string): Effect.Effect<Directory, LocalFilesError> =>
    Effect.map(files.makeDirectory(locate(join(parent.path, name))), () => {
      const made = directory(parent, name, layer)
      parent.children.set(name, made)
      mark(parent, name)
      return made
    })

  const markAll = (from: Directory): void => {
    for (let at: Directory = from; at.parent !== undefined; at = at.parent) {
      mark(at.parent, at.path.slice(at.path.lastIndexOf("/") + 1))
    }
  }

  /** The directory that a path leads to. What is missing is made, unless only a link says that it should be there. */
  const resolve = Effect.fnUntraced(function*(parts: ReadonlyArray<string>, create: boolean) {
    const known = resolveKnown(parts)
    if (known !== undefined) {
      if (create) markAll(known)
      return found(known)
    }
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
      const location = locate(join(at.path, part))
      const status = yield* files.status(location)
      if (Option.isNone(status)) {
        if (fromLink) return fault("LeadsNowhere")
        if (!create) return missing
        at = yield* makeDirectory(at, part)
      } else if (status.value.type === "Symlink") {
        if (++links > maxLinks) return fault("TooManyLinks")
        const target = yield* files.readLink(location)
        if (target.startsWith("/")) at = root
        rest = rest.concat(target.split("/").reverse())
      } else if (status.value.type === "Directory") {
        // Another spelling of a name, where letters of either case are the same.
        const alias = directory(at, part)
        at.children.set(part, alias)
        at = alias
      } else {
        return fault("ThroughFile")
      }
    }
    if (create) markAll(at)
    return found(at)
  })

  const resolveKnown = (parts: ReadonlyArray<string>): Directory | undefined => {
    let at: Directory | undefined = root
    for (const part of parts) at = at?.children.get(part)
    return at
  }

  /** Removes an entry with all that is in it. */
  const remove = (parent: Directory, name: string): Effect.Effect<void, LocalFilesError> =>
    Effect.map(files.remove(locate(join(parent.path, name))), () => {
      parent.children.delete(name)
      parent.layers.delete(name)
    })

  /** Makes an entry that is no directory. What has its name is removed before, and not written through. */
  const place = (
    parent: Directory,
    name: string,
    create: (location: string) => Effect.Effect<void, LocalFilesError>
  ): Effect.Effect<void, LocalFilesError> => {
    const made = create(locate(join(parent.path, name)))
    return made.pipe(
      Effect.catchIf(
        ({ reason }) => reason === "AlreadyExists",
        () => Effect.zipRight(remove(parent, name), made)
      ),
      Effect.tap(() => Effect.sync(() => mark(parent, name)))
    )
  }

  /** Makes a directory, or leaves the one that is there. */
  const placeDirectory = (parent: Directory, name: string): Effect.Effect<Directory, LocalFilesError> => {
    const existing = parent.children.get(name)
    if (existing !== undefined) {
      mark(parent, name)
      return Effect.succeed(existing)
    }
    const made = makeDirectory(parent, name)
    return Effect.catchIf(
      made,
      ({ reason }) => reason === "AlreadyExists",
      () => Effect.zipRight(remove(parent, name), made)
    )
  }

  /** Removes what lower layers have made under a name, and nothing that this one did. */
  const removeLower = (parent: Directory, name: string): Effect.Effect<void, LocalFilesError> => {
    if (parent.layers.get(name) !== layer) return remove(parent, name)
    const child = parent.children.get(name)
    return child === undefined ? Effect.void : emptyLower(child)
  }

  const emptyLower = (at: Directory): Effect.Effect<void, LocalFilesError> =>
    at.cleared === layer ? Effect.void : files.list(locate(at.path)).pipe(
      Effect.flatMap(Effect.forEach((name) => Effect.suspend(() => removeLower(at, name)), { discard: true })),
      Effect.zipRight(Effect.sync(() => {
        at.cleared = layer
      }))
    )

  /** Gives every directory its attributes, from the inside out, since one may be closed to its owner. */
  const finish = Effect.suspend(() => {
    const all: Array<Directory> = [root]
    for (const at of all) {
      for (const child of at.children.values()) all.push(child)
    }
    return Effect.forEach(
      all.reverse(),
      (at) => files.setAttributes(locate(at.path), at.attributes),
      { discard: true }
    )
  })

  return {
    root,
    locate,
    resolve,
    place,
    placeDirectory,
    remove,
    finish,
    beginLayer: (number: number): void => {
      layer = number
    },
    /** In the lowest layer there is nothing to remove. */
    removeLower: (parent: Directory, name: string) => layer === 0 ? Effect.void : removeLower(parent, name),
    emptyLower: (at: Directory) => layer === 0 ? Effect.void : emptyLower(at)
  }
}

export type Jail = ReturnType<typeof make>

const found = (directory: Directory): Resolved => ({ _tag: "Directory", directory })

const missing: Resolved = { _tag: "Missing" }

const fault = (fault: Fault): Resolved => ({ _tag: "Fault", fault })
