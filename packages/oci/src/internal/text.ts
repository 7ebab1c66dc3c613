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
