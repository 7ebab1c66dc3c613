import * as Either from "effect/Either"
import { parse as parseToml, TomlError } from "smol-toml"

/**
 * Parses a TOML document. Fails with the position and reason of a syntax error.
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
 * Line number of the first occurrence of a key of the outermost table. Since a
 * value may have several lines, this is the end of the longest beginning of the
 * document that parses without the key.
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
