export interface Scanned {
  readonly scheme: string
  readonly token68: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

const tokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/

const token68Character = /[-._~+/0-9A-Za-z]/

const isSpace = (character: string): boolean => character === " " || character === "\t"

/** What an unquoted value ends at. More than a token is taken, since some registries do not quote their realm. */
const isDelimiter = (character: string): boolean => isSpace(character) || character === "," || character === "\""

/**
 * Reads a list of challenges, once from left to right. What breaks the grammar costs the element that it is in.
 *
 * https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export const scan = (text: string): ReadonlyArray<Scanned> => {
  let at = 0
  const found: Array<{ scheme: string; token68: string | undefined; parameters: Map<string, string> }> = []

  const skip = (accept: (character: string) => boolean): string => {
    const from = at
    while (at < text.length && accept(text.charAt(at))) at++
    return text.slice(from, at)
  }
  const spaces = () => skip(isSpace)
  const isElementOver = () => at >= text.length || text.charAt(at) === ","

  /** The text between quotes, or nothing if the second quote is missing. */
  const quoted = (): string | undefined => {
    at++
    let value = ""
    while (at < text.length) {
      const character = text.charAt(at++)
      if (character === "\"") return value
      if (character === "\\" && at < text.length) value += text.charAt(at++)
      else value += character
    }
    return undefined
  }

  const token68 = (): string | undefined => {
    const start = at
    const value = skip((_) => token68Character.test(_)) + skip((_) => _ === "=")
    spaces()
    if (value !== "" && !value.startsWith("=") && isElementOver()) return value
    at = start
    return undefined
  }

  const skipElement = () => {
    while (!isElementOver()) {
      if (text.charAt(at) === "\"") quoted()
      else at++
    }
  }

  while (at < text.length) {
    skip((_) => isSpace(_) || _ === ",")
    if (at >= text.length) break
    const name = skip((_) => tokenCharacter.test(_)).toLowerCase()
    if (name === "") {
      skipElement()
      continue
    }
    const gap = spaces()
    if (text.charAt(at) !== "=") {
      found.push({ scheme: name, token68: gap === "" ? undefined : token68(), parameters: new Map() })
      continue
    }
    at++
    spaces()
    const isQuoted = text.charAt(at) === "\""
    const value = isQuoted ? quoted() : skip((_) => !isDelimiter(_))
    const current = found.at(-1)
    if (value === undefined || (!isQuoted && value === "")) continue
    if (current?.token68 === undefined && current?.parameters.has(name) === false) current.parameters.set(name, value)
  }
  return found
}
