import * as Either from "effect/Either"
import { parse as parseToml, TomlError } from "smol-toml"

/**
 * The table of a TOML document, or where it is none and why.
 *
 * @internal
 */
export const parse = (text: string): Either.Either<Readonly<Record<string, unknown>>, string> =>
  Either.try({
    try: () => parseToml(text),
    catch: (error) =>
      error instanceof TomlError
        ? `line ${error.line}, column ${error.column}: ${error.message.split("\n")[0]}`
        : String(error)
  })

/**
 * The line on which a key of the outermost table first stands. A value may
 * have several lines: the key is where the last part ended that can be read
 * without it.
 *
 * @internal
 */
export const lineOf = (text: string, key: string): number => {
  const lines = text.split("\n")
  let start = 0
  for (let end = 1; end <= lines.length; end++) {
    const table = parse(lines.slice(0, end).join("\n"))
    if (Either.isLeft(table)) continue
    if (Object.hasOwn(table.right, key)) break
    start = end
  }
  while (start < lines.length && /^\s*(?:#.*)?$/.test(lines[start] ?? "")) start++
  return start + 1
}
