import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import { Subprocess } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Liveness, Process } from "../Session.js"

/**
 * What can be found out about processes from here.
 */
export interface ProcessIdentity {
  /** The process that this is; `None` where that cannot be found out. */
  readonly current: Option.Option<Process>
  readonly isAlive: (process: Process) => Effect.Effect<Liveness>
}

/**
 * By `/proc` where there is one, else by `ps`.
 */
export const make: Effect.Effect<ProcessIdentity, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem> =
  Effect.suspend(() => Effect.orElse(byProc, () => byPs)).pipe(
    Effect.orElseSucceed(() => ({ current: Option.none(), isAlive: () => Effect.succeed("Unknown" as const) }))
  )

interface Stat {
  readonly pid: number
  readonly hasEnded: boolean
  /** In ticks since the machine was started. */
  readonly started: string
}

// The name of the executable stands in parentheses and may contain any character.
const parseStat = (text: string): Option.Option<Stat> => {
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const state = fields[0]
  const started = fields[19]
  return Number.isSafeInteger(pid) && state !== undefined && started !== undefined && /^\d+$/.test(started)
    ? Option.some({ pid, hasEnded: state === "Z" || state === "X", started })
    : Option.none()
}

// PROC_PID_INIT_INO in Linux's include/linux/proc_ns.h: the namespace that is no container's.
const initialNamespace = "4026531836"

/**
 * A machine, one of its runs from boot to boot, and a process namespace there.
 * Containers that were made of one image may have one machine's identity.
 */
const parseHost = (host: string) => {
  const [machine = "", boot, namespace] = host.split("/")
  return { machine: namespace === initialNamespace ? machine : "", boot }
}

const byProc = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const statOf = (process: number | "self") =>
    Effect.flatMap(fs.readFileString(`/proc/${process}/stat`), (text) => parseStat(text))

  const [self, boot, namespace, machine] = yield* Effect.all([
    statOf("self"),
    fs.readFileString("/proc/sys/kernel/random/boot_id"),
    fs.readLink("/proc/self/ns/pid"),
    // What it holds is not to be shown to others.
    fs.readFileString("/etc/machine-id").pipe(
      Effect.map((text) => text.trim() === "" ? "" : (Hash.string(text.trim()) >>> 0).toString(16)),
      Effect.orElseSucceed(() => "")
    )
  ])
  const host = [machine, boot.trim(), namespace.replace(/\D/g, "")].join("/")

  // Where processes are hidden from other users (hidepid), that one is not seen is no sign of its end.
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

  const isAliveElsewhere = (process: Process): Liveness => {
    const here = parseHost(host)
    const there = parseHost(process.host)
    return here.machine !== "" && here.machine === there.machine && here.boot !== there.boot ? "Dead" : "Unknown"
  }

  return {
    current: Option.some(new Process({ host, pid: self.pid, started: self.started })),
    isAlive: (process: Process) =>
      process.host === host ? isAliveHere(process) : Effect.succeed(isAliveElsewhere(process))
  }
})

// The parent of a child of ours is this process. Without an identity of the machine there is none of the process.
const selfScript = `echo $PPID
ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null | sed -n 's/.*"IOPlatformUUID" = "\\(.*\\)".*/\\1/p' | grep . ||
  sysctl -n kern.hostuuid 2>/dev/null
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
  const [pid, machine, started, ...more] = words.split("\n").map((line) => line.trim())
  if (machine === undefined || started === undefined || more.length > 0) return yield* Effect.fail("no answer")
  const host = (Hash.string(machine) >>> 0).toString(16)

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
