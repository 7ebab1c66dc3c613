import type * as Command from "@effect/platform/Command"
import type { Redaction } from "./redaction.js"

/**
 * Formats the command line for a shell. Replaces secrets before quoting, which
 * would change them.
 *
 * @internal
 */
export const format = (command: Command.StandardCommand, redaction: Redaction): string => {
  const words = [command.command, ...command.args].map(redaction.text)
  // With a shell the words form its script, which contains its own quotes.
  return redaction.text((command.shell === false ? words.map(quote) : words).join(" "))
}

/**
 * Returns the executable: the shell, if the command is a script for one.
 *
 * @internal
 */
export const executable = (command: Command.StandardCommand): string => {
  switch (command.shell) {
    case false:
      return command.command
    case true:
      return "sh"
    default:
      return command.shell
  }
}

const quote = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
