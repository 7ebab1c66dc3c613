import * as Either from "effect/Either"
import { isNoUnicode, withoutTrailing } from "../values/text.js"
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
} from "./header.js"
import type { EntryType, Header } from "./model.js"

/** Event of decoding an archive: an entry, followed by all pieces of its content. */
export type Event =
  | { readonly _tag: "Entry"; readonly header: Header }
  | { readonly _tag: "Data"; readonly bytes: Uint8Array }

export interface Options {
  /** Maximum size of an extended header in bytes. */
  readonly extendedHeaderSize: number
  /** If true, the two blocks that mark the end may be missing. */
  readonly openEnd: boolean
}

/** Incremental decoder of an archive. Mutable; unusable after the first fault. */
export interface Decoder {
  readonly push: (bytes: Uint8Array, events: Array<Event>) => Either.Either<void, Fault>
  /** Skips to the next header, and returns the number of bytes to skip. */
  readonly skip: () => number
  /** Reports whether the end mark was read. Only padding follows. */
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
  // Global headers are ignored, as in Go: no engine writes them, and a global path would rename all entries.
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
  // Before directories had a type, a trailing slash marked them.
  const type = known === "File" && path.endsWith("/") ? "Directory" : known
  // Some readers skip such content, and others read it as the next entry.
  if (type !== "File" && size !== 0) {
    return fault(path, "Malformed", `an entry other than a file has ${size} bytes of content`)
  }
  const milliseconds = Math.round(seconds * 1000)
  return Either.right({
    ...header,
    path: type === "Directory" ? path.slice(0, 1) + withoutTrailing(path.slice(1), "/") : path,
    type,
    modified: new Date(Math.abs(milliseconds) <= 8.64e15 ? milliseconds : 0),
    target: type === "Link" || type === "Symlink" ? target : ""
  })
}

/** State of a decoder. Mutable. */
interface Context {
  readonly options: Options
  /** Block that is filled from several pieces. */
  readonly block: Uint8Array
  /** Number of bytes in `block`. */
  held: number
  /** Number of content bytes up to the padding. */
  remaining: number
  /** Number of padding bytes up to the next header. */
  padding: number
  zeroBlocks: number
  /** Extended headers for the next entry. */
  extension: Extension | undefined
  /** Extended header that is being read. */
  extended: { readonly flag: string; readonly bytes: Uint8Array; length: number } | undefined
}

const finishExtended = (self: Context): Either.Either<void, Fault> => {
  if (self.extended === undefined) return ok
  const { bytes, flag } = self.extended
  self.extended = undefined
  return Either.map(extensions[flag]?.(bytes) ?? Either.right({}), (read) => {
    if (flag !== "g") self.extension = { ...self.extension, ...read }
  })
}

const beginExtended = (self: Context, raw: RawHeader): Either.Either<void, Fault> => {
  const { extendedHeaderSize } = self.options
  if (raw.size > extendedHeaderSize) {
    const detail = `an extended header of ${raw.size} bytes, and at most ${extendedHeaderSize} are read`
    return fault(raw.path, "UnsupportedEntry", detail)
  }
  self.remaining = raw.size
  self.padding = paddingOf(raw.size)
  self.extended = { flag: raw.typeFlag, bytes: new Uint8Array(raw.size), length: 0 }
  return raw.size === 0 ? finishExtended(self) : ok
}

const readHeader = (self: Context, block: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
  if (isZero(block)) {
    self.zeroBlocks++
    return self.extension === undefined ? ok : truncated("there is no entry after an extended header")
  }
  if (self.zeroBlocks > 0) return fault("", "Malformed", "there is an empty block in the middle")
  const read = readBlock(block)
  if (Either.isLeft(read)) return Either.left(read.left)
  const raw = read.right
  if (extensions[raw.typeFlag] !== undefined) return beginExtended(self, raw)
  return Either.map(toHeader(raw, self.extension ?? {}), (header) => {
    self.extension = undefined
    self.remaining = header.size
    self.padding = paddingOf(header.size)
    events.push({ _tag: "Entry", header })
  })
}

const readContent = (self: Context, bytes: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
  self.remaining -= bytes.length
  const { extended } = self
  if (extended === undefined) {
    events.push({ _tag: "Data", bytes })
    return ok
  }
  extended.bytes.set(bytes, extended.length)
  extended.length += bytes.length
  return self.remaining === 0 ? finishExtended(self) : ok
}

const push = (self: Context, bytes: Uint8Array, events: Array<Event>): Either.Either<void, Fault> => {
  let at = 0
  // Only padding follows the end.
  while (at < bytes.length && self.zeroBlocks < 2) {
    const left = bytes.length - at
    let result = ok
    if (self.remaining > 0) {
      const length = Math.min(self.remaining, left)
      result = readContent(self, bytes.subarray(at, at + length), events)
      at += length
    } else if (self.padding > 0) {
      const length = Math.min(self.padding, left)
      self.padding -= length
      at += length
    } else if (self.held === 0 && left >= blockSize) {
      result = readHeader(self, bytes.subarray(at, at + blockSize), events)
      at += blockSize
    } else {
      const length = Math.min(blockSize - self.held, left)
      self.block.set(bytes.subarray(at, at + length), self.held)
      self.held += length
      at += length
      if (self.held === blockSize) {
        self.held = 0
        result = readHeader(self, self.block, events)
      }
    }
    if (Either.isLeft(result)) return result
  }
  return ok
}

const skip = (self: Context): number => {
  if (self.extended !== undefined) return 0
  const skipped = self.remaining + self.padding
  self.remaining = self.padding = 0
  return skipped
}

const end = ({ extension, held, options, padding, remaining, zeroBlocks }: Context): Either.Either<void, Fault> => {
  if (zeroBlocks >= 2) return ok
  if (remaining > 0 || padding > 0) return truncated("in the middle of an entry")
  if (held > 0) return truncated("in the middle of a header")
  if (extension !== undefined) return truncated("there is no entry after an extended header")
  return options.openEnd || zeroBlocks > 0 ? ok : truncated("the two empty blocks that mark the end are missing")
}

export const make = (options: Options): Decoder => {
  const self: Context = {
    options,
    block: new Uint8Array(blockSize),
    held: 0,
    remaining: 0,
    padding: 0,
    zeroBlocks: 0,
    extension: undefined,
    extended: undefined
  }
  return {
    push: (bytes, events) => push(self, bytes, events),
    skip: () => skip(self),
    isOver: () => self.zeroBlocks >= 2,
    end: () => end(self)
  }
}
