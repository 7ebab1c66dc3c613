import * as Either from "effect/Either"
import { concat } from "../values/bytes.js"
import { compareUtf8, decode, encode } from "../values/text.js"
import type { EntryType, Header } from "./model.js"

export const blockSize = 512

export interface Fault {
  readonly path: string
  readonly reason: "Malformed" | "Truncated" | "InvalidName" | "UnsupportedEntry" | "SizeMismatch"
  readonly detail: string
}

export const fault = (path: string, reason: Fault["reason"], detail = ""): Either.Either<never, Fault> =>
  Either.left({ path, reason, detail })

const typeFlags: Record<EntryType, string> = {
  File: "0",
  Link: "1",
  Symlink: "2",
  CharacterDevice: "3",
  BlockDevice: "4",
  Directory: "5",
  Fifo: "6"
}

const field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  modified: [136, 12],
  checksum: [148, 8],
  target: [157, 100],
  magic: [257, 8],
  prefix: [345, 155]
} as const

type Field = keyof typeof field

const typeFlagAt = 156

/** Fields of an extended header, for the entry after it. */
export interface Extension {
  readonly path?: string
  readonly target?: string
  readonly size?: number
  readonly uid?: number
  readonly gid?: number
  readonly seconds?: number
}

/** Number of padding bytes after content. */
export const paddingOf = (size: number): number => (blockSize - size % blockSize) % blockSize

// Writing

const writeOctal = (block: Uint8Array, [at, width]: readonly [number, number], value: number): void => {
  let rest = value
  for (let i = at + width - 2; i >= at; i--) {
    block[i] = 0x30 + rest % 8
    rest = Math.floor(rest / 8)
  }
}

/** Largest number that fits into a field. */
const most = (name: Field): number => 8 ** (field[name][1] - 1) - 1

const sumOf = (block: Uint8Array): number => {
  const [at, width] = field.checksum
  let sum = width * 0x20
  for (let i = 0; i < blockSize; i++) {
    if (i < at || i >= at + width) sum += block[i] ?? 0
  }
  return sum
}

interface Fields {
  readonly name: Uint8Array
  readonly prefix?: Uint8Array | undefined
  readonly target?: Uint8Array | undefined
  readonly typeFlag: string
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly seconds: number
}

const ustar = encode("ustar\u000000")

const none = new Uint8Array(0)

const writeBlock = (block: Uint8Array, fields: Fields): void => {
  block.set(fields.name.subarray(0, field.name[1]), field.name[0])
  writeOctal(block, field.mode, fields.mode)
  writeOctal(block, field.uid, fields.uid)
  writeOctal(block, field.gid, fields.gid)
  writeOctal(block, field.size, fields.size)
  writeOctal(block, field.modified, fields.seconds)
  block[typeFlagAt] = fields.typeFlag.charCodeAt(0)
  block.set((fields.target ?? none).subarray(0, field.target[1]), field.target[0])
  block.set(ustar, field.magic[0])
  block.set(fields.prefix ?? none, field.prefix[0])
  const [at] = field.checksum
  writeOctal(block, [at, 7], sumOf(block))
  block[at + 7] = 0x20
}

/** Splits a name that is too long for its field at a slash; the first part goes into the prefix field. */
const splitName = (name: Uint8Array): Pick<Fields, "name" | "prefix"> | undefined => {
  if (name.length <= field.name[1]) return { name }
  const slash = name.subarray(0, field.prefix[1] + 1).lastIndexOf(0x2F, name.length - 2)
  const fits = slash > 0 && name.length - slash - 1 <= field.name[1]
  return fits ? { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) } : undefined
}

const isAscii = (text: string, bytes: Uint8Array): boolean => text.length === bytes.length

/** `LENGTH KEY=VALUE\n`, where the length includes its own digits. */
const record = (key: string, value: string): Uint8Array => {
  const rest = encode(` ${key}=${value}\n`)
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length++
  const bytes = new Uint8Array(length)
  bytes.set(encode(String(length)))
  bytes.set(rest, length - rest.length)
  return bytes
}

/** Encodes a header. Values that do not fit into the fields, or are not ASCII, go into an extended header before it. */
export const encodeHeader = (header: Header): Uint8Array => {
  const path = header.type === "Directory" && !header.path.endsWith("/") ? `${header.path}/` : header.path
  const name = encode(path)
  const target = encode(header.target)
  const size = header.type === "File" ? header.size : 0
  const seconds = Math.floor(header.modified.getTime() / 1000)
  const records = new Map<string, string>()
  const number = (key: string, value: number, name: Field): number => {
    if (value >= 0 && value <= most(name)) return value
    records.set(key, String(value))
    return 0
  }
  const split = isAscii(path, name) ? splitName(name) : undefined
  if (split === undefined) records.set("path", path)
  if (target.length > field.target[1] || !isAscii(header.target, target)) records.set("linkpath", header.target)
  const fields: Fields = {
    name,
    ...split,
    target,
    typeFlag: typeFlags[header.type],
    size: number("size", size, "size"),
    mode: header.mode & 0o7777,
    uid: number("uid", header.uid, "uid"),
    gid: number("gid", header.gid, "gid"),
    seconds: number("mtime", seconds, "modified")
  }
  const block = new Uint8Array(blockSize)
  writeBlock(block, fields)
  if (records.size === 0) return block
  const body = concat(Array.from(records, ([key, value]) => record(key, value)))
  const extended = new Uint8Array(blockSize)
  writeBlock(extended, {
    ...fields,
    name: encode("PaxHeader"),
    prefix: none,
    target: none,
    typeFlag: "x",
    mode: 0o644,
    size: body.length
  })
  return concat([extended, body, new Uint8Array(paddingOf(body.length)), block])
}

// Reading

const isBlank = (byte: number | undefined): boolean => byte === undefined || byte === 0 || byte === 0x20

/** Reads octal digits or, if the first bit is set, two's complement. NaN for anything else. */
const readNumber = (block: Uint8Array, name: Field): number => {
  const [at, width] = field[name]
  const first = block[at] ?? 0
  let value = 0
  if ((first & 0x80) !== 0) {
    const negative = (first & 0x40) !== 0
    value = negative ? ~first & 0x3F : first & 0x3F
    for (let i = at + 1; i < at + width; i++) value = value * 256 + (negative ? 255 - (block[i] ?? 0) : block[i] ?? 0)
    return Number.isSafeInteger(value) ? negative ? -value - 1 : value : NaN
  }
  let i = at
  let end = at + width
  while (i < end && isBlank(block[i])) i++
  while (end > i && isBlank(block[end - 1])) end--
  for (; i < end; i++) {
    const digit = (block[i] ?? 0) - 0x30
    if (digit < 0 || digit > 7) return NaN
    value = value * 8 + digit
  }
  return value
}

const readText = (block: Uint8Array, name: Field): string => {
  const [at, width] = field[name]
  return toText(block.subarray(at, at + width))
}

/** Text up to the first NUL. */
export const toText = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  const length = end === -1 ? bytes.length : end
  let text = ""
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0
    if (byte >= 0x80) return decode(bytes.subarray(0, length))
    text += String.fromCharCode(byte)
  }
  return text
}

export const isZero = (block: Uint8Array): boolean => block[0] === 0 && block.every((byte) => byte === 0)

/** Some old programs sum signed bytes. */
const hasChecksum = (block: Uint8Array): boolean => {
  const stored = readNumber(block, "checksum")
  const sum = sumOf(block)
  if (stored === sum) return true
  const [at, width] = field.checksum
  const signed = block.reduce((n, byte, i) => byte >= 0x80 && (i < at || i >= at + width) ? n - 256 : n, sum)
  return stored === signed
}

/** Header block before extended headers are applied. */
export interface RawHeader extends Omit<Header, "type" | "modified"> {
  readonly typeFlag: string
  readonly seconds: number
}

export const readBlock = (block: Uint8Array): Either.Either<RawHeader, Fault> => {
  if (!hasChecksum(block)) return fault("", "Malformed", "the checksum of a header is wrong")
  const name = readText(block, "name")
  // GNU tar stores times in the prefix field of POSIX.
  const prefix = decode(block.subarray(field.magic[0], field.magic[0] + 6)) === "ustar\0"
    ? readText(block, "prefix")
    : ""
  const path = prefix === "" ? name : `${prefix}/${name}`
  const size = readNumber(block, "size")
  if (!(size >= 0)) return fault(path, "Malformed", "its size is not a number of bytes")
  const number = (name: Field) => readNumber(block, name) || 0
  return Either.right({
    path,
    typeFlag: String.fromCharCode(block[typeFlagAt] ?? 0),
    size,
    // Docker also writes the file type into the mode.
    mode: number("mode") & 0o7777,
    uid: Math.max(0, number("uid")),
    gid: Math.max(0, number("gid")),
    seconds: number("modified"),
    target: readText(block, "target")
  })
}

const isDigits = (text: string): boolean => /^[0-9]{1,15}$/.test(text)

/** Records of an extended header. */
export const readRecords = (bytes: Uint8Array): Either.Either<Extension, Fault> => {
  const records = new Map<string, string>()
  let at = 0
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at)
    const digits = space === -1 ? "" : toText(bytes.subarray(at, Math.min(space, at + 16)))
    const end = at + Number(digits)
    const equals = bytes.indexOf(0x3D, space)
    if (!isDigits(digits) || end > bytes.length || equals === -1 || equals >= end || bytes[end - 1] !== 0x0A) {
      return fault("", "Malformed", "a record of an extended header is damaged")
    }
    const key = decode(bytes.subarray(space + 1, equals))
    records.set(key, isText(key) ? decode(bytes.subarray(equals + 1, end - 1)) : "")
    at = end
  }
  return toExtension(records)
}

const isText = (key: string): boolean => !key.startsWith("SCHILY.xattr.") && !key.startsWith("LIBARCHIVE.xattr.")

const toExtension = (records: ReadonlyMap<string, string>): Either.Either<Extension, Fault> => {
  const text = (key: string) => records.get(key) ?? ""
  const path = text("path")
  if (Array.from(records.keys()).some((key) => key.startsWith("GNU.sparse.") || key === "SCHILY.realsize")) {
    return fault(path, "UnsupportedEntry", "a sparse file")
  }
  const target = text("linkpath")
  if (path.includes("\0") || target.includes("\0")) return fault(path, "Malformed", "a name contains a NUL")
  const size = text("size")
  if (size !== "" && !isDigits(size)) return fault(path, "Malformed", "its size is not a number of bytes")
  const seconds = Number(text("mtime"))
  return Either.right({
    ...(path === "" ? {} : { path }),
    ...(target === "" ? {} : { target }),
    ...(size === "" ? {} : { size: Number(size) }),
    ...(isDigits(text("uid")) ? { uid: Number(text("uid")) } : {}),
    ...(isDigits(text("gid")) ? { gid: Number(text("gid")) } : {}),
    ...(text("mtime") !== "" && Number.isFinite(seconds) ? { seconds } : {})
  })
}

/** Orders archive entries: each directory before its entries, which are sorted by the bytes of their names. */
export const comparePaths = (a: string, b: string): -1 | 0 | 1 =>
  compareUtf8(a.replaceAll("/", "\0"), b.replaceAll("/", "\0"))
