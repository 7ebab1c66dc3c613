import * as Either from "effect/Either"
import type { ProcessInfo } from "../../ContainerInfo.js"
import { beginning } from "./inspection.js"

const line = /^\s*(\d+)\s+(\S+)\s+(\S.*|)$/

/**
 * Parses a table of pid, user and command with one line of titles. Lines that do
 * not begin with a number continue the command of the previous line.
 */
export const processesOf = (table: string): Either.Either<ReadonlyArray<ProcessInfo>, string> => {
  const processes: Array<ProcessInfo> = []
  const [titles = "", ...lines] = table.split("\n")
  if (!/^\s*H?PID\s/.test(titles)) return Either.left(`"${beginning(titles)}" is not a table of processes`)
  for (const text of lines) {
    const [, pid, user, command] = line.exec(text) ?? []
    const last = processes.at(-1)
    if (pid !== undefined && user !== undefined && command !== undefined) {
      processes.push({ pid: Number(pid), user, command: command.trimEnd() })
    } else if (last !== undefined) {
      processes[processes.length - 1] = { ...last, command: `${last.command}\n${text}`.trimEnd() }
    } else if (text.trim() !== "") {
      return Either.left(`"${text}" is not a process`)
    }
  }
  return Either.right(processes)
}
