import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Termination } from "./client.js"
import type { Context } from "./context.js"

/**
 * Termination of a build of Podman's client. Its builder runs a step in a
 * session of its own, through a process that ends the step on SIGHUP. This
 * fails while the step is still being started, and also if the signal, which
 * reaches the whole process group, ends the client of the runtime through which
 * the builder watches the step.
 *
 * Therefore the processes of the step are killed first. To the builder this is
 * a failed step: it cleans up and exits. SIGHUP is sent after a time without a
 * step. It is not sent immediately, since a builder that is killed while it
 * stores an image leaves a broken one, which makes every list of images fail.
 *
 * https://github.com/containers/buildah/blob/v1.28.2/run_linux.go
 *
 * @internal
 */
export const podmanTermination = ({ fileSystem, hostExecutor }: Context): Termination => ({
  killSignal: "SIGHUP",
  killAfter: cleanupTime,
  onTerminate: (client) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => endSteps(fileSystem, client, now + Duration.toMillis(timeBetweenSteps))
    ).pipe(
      Effect.provideService(CommandExecutor.CommandExecutor, hostExecutor)
    )
})

/** Time for a builder to clean up on a busy machine. */
const cleanupTime = Duration.seconds(15)

/** Time for a builder to store the result of one step and begin the next one. */
const timeBetweenSteps = Duration.seconds(2)

/** Kills steps until the builder has ended, or until the deadline if there is no step. */
const endSteps = (
  fileSystem: FileSystem.FileSystem,
  client: number,
  deadline: number
): Effect.Effect<void, never, CommandExecutor.CommandExecutor> =>
  Effect.gen(function*() {
    const processes = yield* list(fileSystem)
    const builder = processes.find(({ pid }) => pid === client)
    if (builder === undefined) return
    const runtimes = yield* Effect.filter(descendants(processes, builder.pid), isRuntime(fileSystem))
    if (runtimes.length === 0 && (yield* Clock.currentTimeMillis) > deadline) return
    const steps = runtimes.flatMap(({ pid }) => descendants(processes, pid)).filter(({ session }) =>
      session !== builder.session
    )
    if (steps.length > 0) yield* kill(steps)
    yield* Effect.sleep("30 millis")
    yield* endSteps(fileSystem, client, steps.length > 0 ? Infinity : deadline)
  })

interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
}

/** Processes of this machine; none where there is no `/proc`. */
const list = (fileSystem: FileSystem.FileSystem): Effect.Effect<ReadonlyArray<Process>> =>
  fileSystem.readDirectory("/proc").pipe(
    Effect.orElseSucceed((): ReadonlyArray<string> => []),
    Effect.map((names) => names.filter((name) => /^\d+$/.test(name))),
    Effect.flatMap(Effect.forEach((name) => processOf(fileSystem, Number(name)), { concurrency: 16 })),
    Effect.map((processes) => processes.flatMap(Option.toArray))
  )

// The second field is the name of the executable, in parentheses; it may contain any character.
const processOf = (fileSystem: FileSystem.FileSystem, pid: number): Effect.Effect<Option.Option<Process>> =>
  fileSystem.readFileString(`/proc/${pid}/stat`).pipe(
    Effect.map((stat) => {
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      const hasEnded = state === "Z" || state === "X"
      return hasEnded ? Option.none() : Option.some({ pid, parent: Number(parent), session: Number(session) })
    }),
    Effect.orElseSucceed(() => Option.none())
  )

const descendants = (processes: ReadonlyArray<Process>, pid: number): ReadonlyArray<Process> =>
  processes.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...descendants(processes, child.pid)])

/** Reports whether a process runs a step. It is the builder's executable under another name. */
const isRuntime = (fileSystem: FileSystem.FileSystem) => ({ pid }: Process): Effect.Effect<boolean> =>
  fileSystem.readFileString(`/proc/${pid}/cmdline`).pipe(
    Effect.map((words) => /^buildah-\w+-runtime(?:\0|$)/.test(words)),
    Effect.orElseSucceed(() => false)
  )

const kill = (processes: ReadonlyArray<Process>) =>
  Effect.ignore(
    Subprocess.run(
      Command.make("sh", "-c", "kill -KILL \"$@\"", "sh", ...processes.map(({ pid }) => String(pid))),
      { timeout: "10 seconds" }
    )
  )
