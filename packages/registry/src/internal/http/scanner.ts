/** Scanner that reads a text from left to right. */
export interface Scanner {
  readonly isAtEnd: () => boolean
  /** Returns the next character; empty at the end. */
  readonly peek: () => string
  /** Consumes the next character if it is the given one. */
  readonly take: (character: string) => boolean
  /** Consumes characters while they are accepted. */
  readonly skip: (accept: (character: string) => boolean) => string
  /** Consumes a quoted string and unescapes it; `undefined`, at the end of the text, if it is not closed. */
  readonly quoted: () => string | undefined
  readonly position: () => number
  readonly back: (position: number) => void
}

/** Optional white space of HTTP. */
export const isSpace = (character: string): boolean => character === " " || character === "\t"

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
export const isTokenCharacter = (character: string): boolean => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6 */
export const make = (text: string): Scanner => {
  let at = 0
  const peek = () => text.charAt(at)
  const take = (character: string) => {
    if (peek() !== character) return false
    at++
    return true
  }
  return {
    isAtEnd: () => at >= text.length,
    peek,
    take,
    skip: (accept) => {
      const from = at
      while (at < text.length && accept(text.charAt(at))) at++
      return text.slice(from, at)
    },
    quoted: () => {
      at++
      let value = ""
      while (at < text.length) {
        if (take("\"")) return value
        if (peek() === "\\" && at + 1 < text.length) at++
        value += text.charAt(at++)
      }
      return undefined
    },
    position: () => at,
    back: (position) => {
      at = position
    }
  }
}
