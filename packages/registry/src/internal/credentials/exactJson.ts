/**
 * Protects numbers in JSON text from `JSON.parse` and `JSON.stringify`: replaces each number that they would change, such
 * as an integer beyond 2^53, by a marked string.
 */
export const protect = (text: string): string =>
  text.replace(
    stringOrNumber,
    (token) => token.startsWith("\"") || String(Number(token)) === token ? token : JSON.stringify(`${mark}${token}`)
  )

/** Formats a value that was parsed from protected text, with the original numbers. */
export const print = (value: unknown): string => JSON.stringify(value, null, "\t").replace(protectedNumber, "$1")

const mark = "\0number:"

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs

const protectedNumber = /"\\u0000number:(-?\d[\d.eE+-]*)"/g
