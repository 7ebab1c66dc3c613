/**
 * Text of JSON whose numbers survive `JSON.parse` and `JSON.stringify`: it has each number that would be written
 * differently, such as an integer beyond 2^53, as a marked string.
 */
export const protect = (text: string): string =>
  text.replace(
    stringOrNumber,
    (token) => token.startsWith("\"") || String(Number(token)) === token ? token : JSON.stringify(`${mark}${token}`)
  )

/** Writes a value that was read from protected text, with the numbers as they were. */
export const print = (value: unknown): string => JSON.stringify(value, null, "\t").replace(protectedNumber, "$1")

const mark = "\0number:"

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs

const protectedNumber = /"\\u0000number:(-?\d[\d.eE+-]*)"/g
