import { Command, CommandExecutor, Error as PlatformError, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, strictEqual } from "@effect/vitest/utils"
import { Session } from "@ociman/containers"
import { Effect, Layer, Option, Schedule } from "effect"
import * as processIdentity from "../src/internal/host/processIdentity.js"

const self = (identity: processIdentity.ProcessIdentity) => Option.getOrThrow(identity.current)

const notFound = (path: string, reason: PlatformError.SystemErrorReason = "NotFound") =>
  new PlatformError.SystemError({ module: "FileSystem", method: "read", reason, pathOrDescriptor: path })

const initial = { pid: "pid:[4026531836]", time: "time:[4026531834]" }

/** Machine with these files; an error stands for a file that cannot be read. */
const linux = (files: Readonly<Record<string, string | PlatformError.SystemErrorReason>>) => {
  const read = (path: string) => {
    const text = files[path]
    return text === undefined || /^[A-Z]\w+$/.test(text)
      ? Effect.fail(notFound(path, text === "PermissionDenied" ? text : "NotFound"))
      : Effect.succeed(text)
  }
  return Effect.provide(
    processIdentity.make,
    Layer.merge(
      FileSystem.layerNoop({ readFileString: read, readLink: read }),
      Layer.succeed(CommandExecutor.CommandExecutor, CommandExecutor.makeExecutor((command) => Effect.die(command)))
    )
  )
}

const stat = (pid: number, started: number, state = "S", name = "node") =>
  `${pid} (${name}) ${state} 1 ${"0 ".repeat(17)}${started} 0 0`

const machine = (changes: Readonly<Record<string, string>> = {}) => ({
  "/proc/self/stat": stat(10, 1000),
  "/proc/1/stat": stat(1, 1, "S", "init"),
  "/proc/sys/kernel/random/boot_id": "boot-a\n",
  "/proc/self/ns/pid": initial.pid,
  "/proc/self/ns/time": initial.time,
  "/etc/machine-id": "machine-a\n",
  ...changes
})

const liveness = (
  from: Readonly<Record<string, string>>,
  of: Effect.Effect<Session.Process>
) => Effect.flatMap(Effect.all([linux(from), of]), ([identity, process]) => identity.isAlive(process))

const made = (files: Readonly<Record<string, string>>) => Effect.map(linux(files), self)

/** Starts a process on this machine and returns it with its identity. */
const started = (...[command, ...args]: [string, ...Array<string>]) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const child = yield* Command.start(Command.make(command, ...args))
    const text = yield* fs.readFileString(`/proc/${child.pid}/stat`)
    const { host } = self(yield* processIdentity.make)
    return { child, process: new Session.Process({ host, pid: child.pid, started: text.split(" ")[21] ?? "" }) }
  })

describe("the identity of a process", () => {
  it.scopedLive("identifies this process, which is alive", () =>
    Effect.gen(function*() {
      const identity = yield* processIdentity.make
      strictEqual(self(identity).pid, process.pid)
      strictEqual(yield* identity.isAlive(self(identity)), "Alive")
      assert.deepStrictEqual(self(yield* processIdentity.make), self(identity))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("distinguishes a running process from one that has ended", () =>
    Effect.gen(function*() {
      const identity = yield* processIdentity.make
      const { child, process } = yield* started("sleep", "60")
      strictEqual(yield* identity.isAlive(process), "Alive")
      yield* child.kill("SIGKILL")
      strictEqual(yield* identity.isAlive(process), "Dead")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("reports a zombie process as dead", () =>
    Effect.gen(function*() {
      const identity = yield* processIdentity.make
      const fs = yield* FileSystem.FileSystem
      // `exec` replaces the shell by a parent that does not wait for the child.
      const { child } = yield* started("sh", "-c", "sleep 0.01 & exec sleep 60")
      const children = `/proc/${child.pid}/task/${child.pid}/children`
      const zombie = yield* fs.readFileString(children).pipe(
        Effect.flatMap((pid) => fs.readFileString(`/proc/${pid.trim()}/stat`)),
        Effect.filterOrFail((text) => text.includes(") Z ")),
        Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo("10 seconds")))
      )
      const { host } = self(identity)
      const process = new Session.Process({
        host,
        pid: Number.parseInt(zombie, 10),
        started: zombie.split(" ")[21] ?? ""
      })
      strictEqual(yield* identity.isAlive(process), "Dead")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("distinguishes a process from a later one with the same pid", () =>
    Effect.gen(function*() {
      const later = machine({ "/proc/10/stat": stat(10, 2000, "S", "a) S (b") })
      strictEqual(yield* liveness(later, made(machine())), "Dead")
      strictEqual(
        yield* liveness(machine({ "/proc/10/stat": stat(10, 1000, "S", "a) S (b") }), made(machine())),
        "Alive"
      )
    }))

  it.effect.each<[string, Record<string, string>, Session.Liveness]>([
    ["missing", {}, "Dead"],
    ["unreadable", { "/proc/10/stat": "PermissionDenied" }, "Unknown"],
    ["on another machine", { "/etc/machine-id": "machine-b", "/proc/sys/kernel/random/boot_id": "boot-b" }, "Unknown"],
    ["in another process namespace", { "/proc/self/ns/pid": "pid:[4026532000]" }, "Unknown"],
    [
      "in another time namespace, with another start time",
      { "/proc/self/ns/time": "time:[4026532000]", "/proc/10/stat": stat(10, 2000) },
      "Unknown"
    ],
    [
      "on another boot of a machine with the same id, which may be a clone",
      { "/proc/sys/kernel/random/boot_id": "boot-b" },
      "Unknown"
    ],
    ["missing while processes of other users are hidden", { "/proc/1/stat": "NotFound" }, "Unknown"]
  ])("determines the liveness of a process that is %s", ([, seen, expected]) =>
    Effect.gen(function*() {
      strictEqual(yield* liveness(machine(seen), made(machine())), expected)
    }))

  it.effect("is complete on a kernel without time namespaces", () =>
    Effect.gen(function*() {
      const old = machine({ "/proc/self/ns/time": "NotFound", "/proc/10/stat": stat(10, 1000) })
      strictEqual(yield* liveness(old, made(old)), "Alive")
      strictEqual(yield* liveness(machine({ "/proc/self/ns/time": "NotFound" }), made(old)), "Dead")
    }))

  it.effect("does not contain the machine id", () =>
    Effect.gen(function*() {
      assert.notInclude((yield* made(machine())).host, "machine-a")
    }))

  it.scopedLive("is determined by ps without /proc", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const executor = yield* CommandExecutor.CommandExecutor
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-ps-" })
      const withoutProc = (uuid: string, boot = "boot-a") =>
        Effect.gen(function*() {
          yield* fs.writeFileString(
            `${directory}/sysctl`,
            `#!/bin/sh\n[ "$2" = kern.bootsessionuuid ] && echo "${boot}"`,
            {
              mode: 0o755
            }
          )
          yield* fs.writeFileString(`${directory}/ioreg`, `#!/bin/sh\necho '  "IOPlatformUUID" = "${uuid}"'`, {
            mode: 0o755
          })
          return yield* processIdentity.make
        }).pipe(
          Effect.provideService(
            CommandExecutor.CommandExecutor,
            CommandExecutor.makeExecutor((command) =>
              executor.start(Command.env(command, { PATH: `${directory}:/usr/bin:/bin`, TZ: "Asia/Tokyo" }))
            )
          ),
          Effect.provide(FileSystem.layerNoop({}))
        )
      const identity = yield* withoutProc("A-B-C")
      strictEqual(self(identity).pid, process.pid)
      strictEqual(yield* identity.isAlive(self(identity)), "Alive")
      const other = (changes: Partial<Session.Process>) =>
        identity.isAlive(new Session.Process({ ...self(identity), ...changes }))
      strictEqual(yield* other({ started: "Sat Nov 21 04:50:40 2020" }), "Dead")
      strictEqual(yield* other({ pid: 2 ** 30 }), "Dead")
      strictEqual(yield* other({ host: self(yield* withoutProc("D-E-F")).host }), "Unknown")
      strictEqual(yield* other({ host: self(yield* withoutProc("A-B-C", "boot-b")).host }), "Unknown")
      assertNone((yield* withoutProc("A-B-C", "")).current)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("is none if neither /proc nor ps exists", () =>
    Effect.gen(function*() {
      const identity = yield* Effect.provide(
        processIdentity.make,
        Layer.merge(
          FileSystem.layerNoop({}),
          Layer.succeed(
            CommandExecutor.CommandExecutor,
            CommandExecutor.makeExecutor(() => Effect.fail(notFound("sh")))
          )
        )
      )
      assertNone(identity.current)
      strictEqual(yield* identity.isAlive(yield* made(machine())), "Unknown")
    }))
})
