import type * as Command from "@effect/platform/Command"
import type { Redaction } from "./redaction.js"

/**
 * The command line as one would type it. Secrets are replaced before an
 * argument is quoted, as quoting changes its text.
 *
 * @internal
 */
export const format = (command: Command.StandardCommand, redaction: Redaction): string => {
  const words = [command.command, ...command.args].map(redaction.text)
  // With a shell the words are its script, and quotes in them are part of it.
  return redaction.text((command.shell === false ? words.map(quote) : words).join(" "))
}

/**
 * What is executed: the shell, if the command is a script for one.
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
