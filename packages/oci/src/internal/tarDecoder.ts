import * as Either from "effect/Either"
import type { EntryType, Header } from "../Tar.js"
import {
  blockSize,
  type Extension,
  type Fault,
  fault,
  isZero,
  paddingOf,
  type RawHeader,
  readBlock,
  readRecords,
  toText
} from "./tarHeader.js"
import { isNoUnicode, withoutTrailing } from "./text.js"

/** What an archive is made of: an entry, and after it all pieces of its content. */
export type Event =
  | { readonly _tag: "Entry"; readonly header: Header }
  | { readonly _tag: "Data"; readonly bytes: Uint8Array }

export interface Options {
  /** How many bytes an extended header may have. */
  readonly extendedHeaderSize: number
  /** Whether an archive may end without the two blocks that mark its end. */
  readonly openEnd: boolean
}

/** Reads an archive piece by piece. It is mutable and over with the first fault. */
export interface Decoder {
  readonly push: (bytes: Uint8Array, events: Array<Event>) => Either.Either<void, Fault>
  /** How many bytes there are up to the next header; they are not expected any longer. */
  readonly skip: () => number
  /** Whether the end was reached; what follows it is padding. */
  readonly isOver: () => boolean
  readonly end: () => Either.Either<void, Fault>
}

const entryTypes: Partial<Record<string, EntryType>> = {
  "0": "File",
  "\0": "File",
  "7": "File",
  "1": "Link",
  "2": "Symlink",
  "3": "CharacterDevice",
  "4": "BlockDevice",
  "5": "Directory",
  "6": "Fifo"
}

const extensions: Partial<Record<string, (bytes: Uint8Array) => Either.Either<Extension, Fault>>> = {
  x: readRecords,
  // What holds for all entries is passed over, as by Go: no engine writes it, and a path for all would rename them.
  g: () => Either.right({}),
  L: (bytes) => Either.right({ path: toText(bytes) }),
  K: (bytes) => Either.right({ target: toText(bytes) })
}

const ok: Either.Either<void, Fault> = Either.void

const truncated = (detail: string) => fault("", "Truncated", detail)

const toHeader = (raw: RawHeader, extension: Extension): Either.Either<Header, Fault> => {
  const { seconds, typeFlag, ...header } = { ...raw, ...extension }
  const { path, size, target } = header
  if (isNoUnicode(path) || isNoUnicode(target)) return fault(path, "InvalidName")
  const known = entryTypes[typeFlag]
  if (known === undefined) return fault(path, "UnsupportedEntry", `of the type ${JSON.stringify(typeFlag)}`)
  // Before there was a type for directories, a slash at the end of the name told them.
  const type = known === "File" && path.endsWith("/") ? "Directory" : known
  // Some readers pass over such content and others take it for the next entry.
  if (type !== "File" && size !== 0) return fault(path, "Malformed", `what is no file has ${size} bytes of content`)
  const milliseconds = Math.round(seconds * 1000)
  return Either.right({
    ...header,
    path: type === "Directory" ? path.slice(0, 1) + withoutTrailing(path.slice(1), "/") : path,
    type,
    modified: new Date(Math.abs(milliseconds) <= 8.64e15 ? milliseconds : 0),
    target: type === "Link" || type === "Symlink" ? target : ""
  })
}

export const make = (options: Options): Decoder => {
  const block = new Uint8Array(blockSize)
  let held = 0
  let remaining = 0
  let padding = 0
  let zeroBlocks = 0
  let extension: Extension | undefined
  let extended: { readonly flag: string; readonly bytes: Uint8Array; length: number } | undefined

  const readExtended = (flag: string, bytes: Uint8Array): Either.Either<void, Fault> =>
    Either.map(extensions[flag]?.(bytes) ?? Either.right({}), (read) => {
      if (flag !== "g") extension = { ...extension, ...read }
    })

  const readHeader = (header: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
    if (isZero(header)) {
      zeroBlocks++
      return extension === undefined ? ok : truncated("there is no entry after an extended header")
    }
    if (zeroBlocks > 0) return fault("", "Malformed", "there is an empty block in the middle")
    const read = readBlock(header)
    if (Either.isLeft(read)) return Either.left(read.left)
    const raw = read.right
    if (extensions[raw.typeFlag] !== undefined) {
      if (raw.size > options.extendedHeaderSize) {
        const detail = `an extended header of ${raw.size} bytes, and at most ${options.extendedHeaderSize} are read`
        return fault(raw.path, "UnsupportedEntry", detail)
      }
      remaining = raw.size
      padding = paddingOf(raw.size)
      extended = { flag: raw.typeFlag, bytes: new Uint8Array(raw.size), length: 0 }
      return raw.size === 0 ? finishExtended() : ok
    }
    return Either.map(toHeader(raw, extension ?? {}), (header) => {
      extension = undefined
      remaining = header.size
      padding = paddingOf(header.size)
      events.push({ _tag: "Entry", header })
    })
  }

  const finishExtended = (): Either.Either<void, Fault> => {
    if (extended === undefined) return ok
    const { bytes, flag } = extended
    extended = undefined
    return readExtended(flag, bytes)
  }

  const readContent = (bytes: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
    remaining -= bytes.length
    if (extended === undefined) {
      events.push({ _tag: "Data", bytes })
      return ok
    }
    extended.bytes.set(bytes, extended.length)
    extended.length += bytes.length
    return remaining === 0 ? finishExtended() : ok
  }

  const push = (bytes: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
    let at = 0
    // What follows the end is padding.
    while (at < bytes.length && zeroBlocks < 2) {
      const left = bytes.length - at
      let result = ok
      if (remaining > 0) {
        const length = Math.min(remaining, left)
        result = readContent(bytes.subarray(at, at + length), events)
        at += length
      } else if (padding > 0) {
        const length = Math.min(padding, left)
        padding -= length
        at += length
      } else if (held === 0 && left >= blockSize) {
        result = readHeader(bytes.subarray(at, at + blockSize), events)
        at += blockSize
      } else {
        const length = Math.min(blockSize - held, left)
        block.set(bytes.subarray(at, at + length), held)
        held += length
        at += length
        if (held === blockSize) {
          held = 0
          result = readHeader(block, events)
        }
      }
      if (Either.isLeft(result)) return result
    }
    return ok
  }

  const skip = (): number => {
    if (extended !== undefined) return 0
    const skipped = remaining + padding
    remaining = padding = 0
    return skipped
  }

  const end = (): Either.Either<void, Fault> => {
    if (zeroBlocks >= 2) return ok
    if (remaining > 0 || padding > 0) return truncated("in the middle of an entry")
    if (held > 0) return truncated("in the middle of a header")
    if (extension !== undefined) return truncated("there is no entry after an extended header")
    return options.openEnd || zeroBlocks > 0 ? ok : truncated("the two empty blocks that mark the end are missing")
  }

  return { push, skip, isOver: () => zeroBlocks >= 2, end }
}
