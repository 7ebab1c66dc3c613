import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** @internal */
export interface Process {
  readonly pid: number
  readonly parent: number
  /** The arguments, joined with spaces. */
  readonly commandLine: string
}

/**
 * Lists the processes of this machine on Linux. Empty elsewhere.
 *
 * @internal
 */
export const list = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory("/proc"), (): ReadonlyArray<string> => [])
  const processes = yield* Effect.forEach(
    names.filter((name) => /^\d+$/.test(name)),
    (name) =>
      Effect.all({
        stat: fs.readFileString(`/proc/${name}/stat`),
        commandLine: fs.readFileString(`/proc/${name}/cmdline`)
      }).pipe(
        Effect.map(({ commandLine, stat }) => read(Number(name), stat, commandLine)),
        Effect.orElseSucceed(Option.none<Process>)
      ),
    { concurrency: 16 }
  )
  return processes.flatMap(Option.toArray)
})

// The executable name is in parentheses and may contain any character, including parentheses and spaces.
const read = (pid: number, stat: string, commandLine: string): Option.Option<Process> => {
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return state === "Z" || state === "X"
    ? Option.none()
    : Option.some({ pid, parent: Number(parent), commandLine: commandLine.replaceAll("\0", " ").trim() })
}
