/**
 * A text from outside as a message may show it: in one line, in which control characters, those that reorder or hide
 * text, and halves of characters are written as escapes. A terminal that is shown them would act on them.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`
  })
