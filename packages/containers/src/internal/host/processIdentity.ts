import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Liveness, Process } from "../../Session.js"

/**
 * Identity and liveness of processes.
 *
 * A process is identified by its machine, the boot of that machine, its pid and time namespaces, its pid, and its start
 * time. Without any one of these, two processes can be confused: pids are reused, cloned machines share a machine id,
 * and the start time of a process differs between time namespaces. A process is `Dead` only if this process looked it
 * up in the same pid namespace and did not find it; in all other cases it is `Unknown`.
 */
export interface ProcessIdentity {
  /** Identity of this process; `None` if it cannot be determined. */
  readonly current: Option.Option<Process>
  readonly isAlive: (process: Process) => Effect.Effect<Liveness>
}

/**
 * Determines identities by `/proc` if it exists, otherwise by `ps`.
 */
export const make: Effect.Effect<ProcessIdentity, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem> =
  Effect.suspend(() => Effect.orElse(byProc, () => byPs)).pipe(
    Effect.orElseSucceed(() => ({ current: Option.none(), isAlive: () => Effect.succeed("Unknown" as const) }))
  )

interface Stat {
  readonly pid: number
  readonly hasEnded: boolean
  /** Start time in ticks since the boot of the machine. */
  readonly started: string
}

// The second field is the name of the executable, in parentheses; it may contain any character.
const parseStat = (text: string): Option.Option<Stat> => {
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const state = fields[0]
  const started = fields[19]
  return Number.isSafeInteger(pid) && state !== undefined && started !== undefined && /^\d+$/.test(started)
    ? Option.some({ pid, hasEnded: state === "Z" || state === "X", started })
    : Option.none()
}

const byProc = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const statOf = (process: number | "self") =>
    Effect.flatMap(fs.readFileString(`/proc/${process}/stat`), (text) => parseStat(text))

  const namespaceOf = (kind: string) =>
    Effect.map(fs.readLink(`/proc/self/ns/${kind}`), (text) => text.replace(/\D/g, ""))

  const [self, boot, processes, time, machine] = yield* Effect.all([
    statOf("self"),
    fs.readFileString("/proc/sys/kernel/random/boot_id"),
    namespaceOf("pid"),
    // Linux before version 5.6 has no time namespaces.
    Effect.catchIf(
      namespaceOf("time"),
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed("")
    ),
    // The machine id is confidential (machine-id(5)), so only its hash is used.
    fs.readFileString("/etc/machine-id").pipe(
      Effect.map((text) => text.trim() === "" ? "" : (Hash.string(text.trim()) >>> 0).toString(16)),
      Effect.orElseSucceed(() => "")
    )
  ])
  const host = [machine, boot.trim(), processes, time].join("/")

  // With the mount option `hidepid`, processes of other users are invisible, so a missing one may be alive.
  const absent = Effect.match(statOf(1), {
    onFailure: (): Liveness => "Unknown",
    onSuccess: (): Liveness => "Dead"
  })

  const isAliveHere = ({ pid, started }: Process): Effect.Effect<Liveness> =>
    statOf(pid).pipe(
      Effect.map((stat): Liveness => !stat.hasEnded && stat.started === started ? "Alive" : "Dead"),
      Effect.catchTags({
        SystemError: ({ reason }) => reason === "NotFound" ? absent : Effect.succeed<Liveness>("Unknown")
      }),
      Effect.orElseSucceed((): Liveness => "Unknown")
    )

  return {
    current: Option.some(new Process({ host, pid: self.pid, started: self.started })),
    isAlive: (process: Process): Effect.Effect<Liveness> =>
      process.host === host ? isAliveHere(process) : Effect.succeed("Unknown")
  }
})

// The parent of the script is this process. There is no identity without those of the machine and of its boot: macOS has
// IOPlatformUUID and kern.bootsessionuuid, FreeBSD kern.hostuuid and kern.boot_id.
const selfScript = `echo $PPID
ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null | sed -n 's/.*"IOPlatformUUID" = "\\(.*\\)".*/\\1/p' | grep . ||
  sysctl -n kern.hostuuid 2>/dev/null
sysctl -n kern.bootsessionuuid 2>/dev/null | grep . || sysctl -n kern.boot_id 2>/dev/null
ps -o lstart= -p $PPID`

const byPs = Effect.gen(function*() {
  const executor = yield* CommandExecutor.CommandExecutor
  const answerOf = (...[command, ...args]: [string, ...Array<string>]) =>
    Subprocess.run(Command.make(command, ...args).pipe(Command.env({ LC_ALL: "C", TZ: "UTC" })), {
      timeout: "10 seconds",
      acceptExitCode: (code) => code < 2
    }).pipe(
      Effect.map(({ stderr, stdout }) => ({
        words: stdout.text.replace(/[^\S\n]+/g, " ").trim(),
        stderr: stderr.text
      })),
      Effect.provideService(CommandExecutor.CommandExecutor, executor)
    )

  const { words } = yield* answerOf("sh", "-c", selfScript)
  const [pid, machine, boot, started, ...more] = words.split("\n").map((line) => line.trim())
  if (machine === undefined || boot === undefined || started === undefined || more.length > 0) {
    return yield* Effect.fail("no answer")
  }
  const host = `${(Hash.string(machine) >>> 0).toString(16)}/${boot}`

  const isAliveHere = (process: Process) =>
    answerOf("ps", "-o", "stat=", "-o", "lstart=", "-p", String(process.pid)).pipe(
      Effect.map(({ stderr, words }): Liveness => {
        if (stderr !== "") return "Unknown"
        const [state = "", ...started] = words.split(" ")
        return !state.startsWith("Z") && started.join(" ") === process.started ? "Alive" : "Dead"
      }),
      Effect.orElseSucceed((): Liveness => "Unknown")
    )

  return {
    current: Option.some(yield* Schema.decode(Process)({ host, pid: Number(pid), started })),
    isAlive: (process: Process): Effect.Effect<Liveness> =>
      process.host === host ? isAliveHere(process) : Effect.succeed("Unknown")
  }
})
