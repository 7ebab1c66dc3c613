import * as scanner from "../http/scanner.js"
import { isSpace, isTokenCharacter } from "../http/scanner.js"

export interface Scanned {
  readonly scheme: string
  readonly token68: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

const token68Character = /[-._~+/0-9A-Za-z]/

/** End of an unquoted value. Accepts more than a token, since some registries do not quote their realm. */
const isDelimiter = (character: string): boolean => isSpace(character) || character === "," || character === "\""

/**
 * Scans a list of challenges once from left to right. Skips elements that violate the grammar.
 *
 * https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export const scan = (text: string): ReadonlyArray<Scanned> => {
  const { back, isAtEnd, peek, position, quoted, skip, take } = scanner.make(text)
  const found: Array<{ scheme: string; token68: string | undefined; parameters: Map<string, string> }> = []

  const isElementOver = () => isAtEnd() || peek() === ","

  const token68 = (): string | undefined => {
    const start = position()
    const value = skip((_) => token68Character.test(_)) + skip((_) => _ === "=")
    skip(isSpace)
    if (value !== "" && !value.startsWith("=") && isElementOver()) return value
    back(start)
    return undefined
  }

  const skipElement = () => {
    while (!isElementOver()) {
      if (peek() === "\"") quoted()
      else skip((_) => _ !== "\"" && _ !== ",")
    }
  }

  while (!isAtEnd()) {
    skip((_) => isSpace(_) || _ === ",")
    if (isAtEnd()) break
    const name = skip(isTokenCharacter).toLowerCase()
    if (name === "") {
      skipElement()
      continue
    }
    const gap = skip(isSpace)
    if (!take("=")) {
      found.push({ scheme: name, token68: gap === "" ? undefined : token68(), parameters: new Map() })
      continue
    }
    skip(isSpace)
    const isQuoted = peek() === "\""
    const value = isQuoted ? quoted() : skip((_) => !isDelimiter(_))
    const current = found.at(-1)
    if (value === undefined || (!isQuoted && value === "")) continue
    if (current?.token68 === undefined && current?.parameters.has(name) === false) current.parameters.set(name, value)
  }
  return found
}
