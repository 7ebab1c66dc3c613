/** The text between quotes, cut where it would drown the sentence that quotes it. */
export const excerpt = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)

const between = (first: string, last: string) => {
  const low = first.charCodeAt(0)
  const high = last.charCodeAt(0)
  return (code: number): boolean => code >= low && code <= high
}

export const isDecimal = between("0", "9")

export const isUpper = between("A", "Z")

const isLower = between("a", "z")

const isLowerAToF = between("a", "f")

export const isLowerHex = (code: number): boolean => isDecimal(code) || isLowerAToF(code)

/** Of either case. */
export const isHex = (code: number): boolean => isLowerHex(code) || isLowerAToF(code | 0x20)

/** Lower-case letters and digits. */
export const isAlphanumeric = (code: number): boolean => isLower(code) || isDecimal(code)

/** Letters of either case and digits. */
export const isLetterOrDigit = (code: number): boolean => isAlphanumeric(code) || isUpper(code)

/** `\w`: letters, digits and the underscore. */
export const isWord = (code: number): boolean => isLetterOrDigit(code) || code === 0x5F

/** The first position at or after `from` whose code unit fails the predicate. */
export const skip = (text: string, from: number, predicate: (code: number) => boolean): number => {
  let i = from
  while (i < text.length && predicate(text.charCodeAt(i))) i++
  return i
}

declare const TextEncoder: new() => {
  readonly encode: (text: string) => Uint8Array
  readonly encodeInto: (text: string, bytes: Uint8Array) => { readonly written: number }
}

declare const TextDecoder: new(label: "utf-8", options: { readonly fatal: boolean; readonly ignoreBOM: true }) => {
  readonly decode: (bytes: Uint8Array) => string
}

const encoder = new TextEncoder()

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true })

/** Throws at what is not UTF-8, and keeps a byte order mark. */
export const decodeStrictly = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)

/** UTF-8. */
export const encode = (text: string): Uint8Array => encoder.encode(text)

/** From UTF-8; U+FFFD stands for what is none. */
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

/** Half a surrogate pair, or what decoders put in the place of bytes that are not UTF-8. */
export const isNoUnicode = (text: string): boolean => /[\uFFFD\p{Surrogate}]/u.test(text)

/** UTF-8 into bytes that are there, three for each UTF-16 unit; how many it took. */
export const encodeInto = (text: string, bytes: Uint8Array): number => encoder.encodeInto(text, bytes).written

/** Surrogates, which are the first half of UTF-16's code units for what UTF-8 puts last, behind the others. */
const rank = (unit: number): number => unit >= 0xE000 ? unit - 0x800 : unit >= 0xD800 ? unit + 0x2000 : unit

/** The order of the UTF-8 bytes, which is not that of the UTF-16 units that `<` compares. */
export const compareUtf8 = (a: string, b: string): -1 | 0 | 1 => {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  let i = 0
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++
  const difference = i === end ? a.length - b.length : rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
  return difference < 0 ? -1 : 1
}

/** The text without all characters of this kind at its end, in one pass, which a pattern would not do. */
export const withoutTrailing = (text: string, character: string): string => {
  let end = text.length
  while (end > 0 && text.charAt(end - 1) === character) end--
  return text.slice(0, end)
}

const units = ["kB", "MB", "GB", "TB"]

/** A number of bytes for people, in powers of 1000 and with three digits at the most, such as `12.3 MB`. */
export const formatBytes = (bytes: number): string => {
  let [value, unit] = [bytes, "B"]
  for (const next of units) {
    if (value < 999.5) break
    ;[value, unit] = [value / 1000, next]
  }
  return `${unit === "B" || value >= 99.95 ? Math.round(value) : value.toFixed(value < 9.995 ? 2 : 1)} ${unit}`
}
