/** Quotes a text, shortened for error messages. */
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

/** Hexadecimal digits of either case. */
export const isHex = (code: number): boolean => isLowerHex(code) || isLowerAToF(code | 0x20)

/** Lower-case letters and digits. */
export const isAlphanumeric = (code: number): boolean => isLower(code) || isDecimal(code)

/** Letters of either case and digits. */
export const isLetterOrDigit = (code: number): boolean => isAlphanumeric(code) || isUpper(code)

/** `\w`: letters, digits and the underscore. */
export const isWord = (code: number): boolean => isLetterOrDigit(code) || code === 0x5F

/** First position at or after `from` whose code unit fails the predicate. */
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

/** Throws on invalid UTF-8, and keeps a byte order mark. */
export const decodeStrictly = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)

/** Encodes to UTF-8. */
export const encode = (text: string): Uint8Array => encoder.encode(text)

/** Decodes UTF-8, with U+FFFD for invalid bytes. */
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

/** Matches unpaired surrogates, and the replacement character of decoders for invalid UTF-8. */
export const isNoUnicode = (text: string): boolean => /[\uFFFD\p{Surrogate}]/u.test(text)

/**
 * Encodes to UTF-8 into a buffer, which needs three bytes for each UTF-16 unit. Returns the number of bytes written.
 */
export const encodeInto = (text: string, bytes: Uint8Array): number => encoder.encodeInto(text, bytes).written

/** Sort key of a UTF-16 unit. Surrogates encode code points above all others, so they sort last. */
const rank = (unit: number): number => unit >= 0xE000 ? unit - 0x800 : unit >= 0xD800 ? unit + 0x2000 : unit

/** Compares by UTF-8 bytes, which differs from the UTF-16 order of `<`. */
export const compareUtf8 = (a: string, b: string): -1 | 0 | 1 => {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  let i = 0
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++
  const difference = i === end ? a.length - b.length : rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
  return difference < 0 ? -1 : 1
}

/** Removes all trailing occurrences of a character in linear time, which a regular expression would not guarantee. */
export const withoutTrailing = (text: string, character: string): string => {
  let end = text.length
  while (end > 0 && text.charAt(end - 1) === character) end--
  return text.slice(0, end)
}

const units = ["kB", "MB", "GB", "TB"]

/** Formats a number of bytes in powers of 1000 with at most three digits, such as `12.3 MB`. */
export const formatBytes = (bytes: number): string => {
  let [value, unit] = [bytes, "B"]
  for (const next of units) {
    if (value < 999.5) break
    ;[value, unit] = [value / 1000, next]
  }
  return `${unit === "B" || value >= 99.95 ? Math.round(value) : value.toFixed(value < 9.995 ? 2 : 1)} ${unit}`
}
