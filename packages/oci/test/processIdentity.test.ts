import { Error as PlatformError, FileSystem } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Option } from "effect"
import * as processIdentity from "../src/internal/files/processIdentity.js"

const stat = (pid: number, started: number) => `${pid} (node) S 1 ${"0 ".repeat(17)}${started} 0 0`

/** A machine, described by the content of its files. */
const machine = (changes: Readonly<Record<string, string>> = {}) => {
  const files: Readonly<Record<string, string>> = {
    "/proc/self/stat": stat(10, 1000),
    "/proc/1/stat": stat(1, 1),
    "/proc/sys/kernel/random/boot_id": "boot-a\n",
    "/proc/self/ns/pid": "pid:[4026531836]",
    "/proc/self/ns/time": "time:[4026531834]",
    ...changes
  }
  const read = (path: string) =>
    files[path] === undefined || files[path] === ""
      ? Effect.fail(
        new PlatformError.SystemError({
          module: "FileSystem",
          method: "read",
          reason: "NotFound",
          pathOrDescriptor: path
        })
      )
      : Effect.succeed(files[path])
  return FileSystem.makeNoop({
    readFileString: read,
    readLink: read,
    exists: (path) => Effect.succeed(files[path] !== undefined)
  })
}

/** Reports whether a process of one machine has ended, as seen from another machine. */
const ended = (there: FileSystem.FileSystem, here: FileSystem.FileSystem) =>
  Effect.gen(function*() {
    const owner = yield* Effect.flatten(processIdentity.current(there))
    return yield* processIdentity.hasEnded(here, yield* processIdentity.current(here), owner)
  })

describe("The identity of a process", () => {
  it.effect.each<[string, Record<string, string>, Option.Option<boolean>]>([
    ["runs", { "/proc/10/stat": stat(10, 1000) }, Option.some(false)],
    ["is gone", {}, Option.some(true)],
    ["has a successor of the same number", { "/proc/10/stat": stat(10, 2000) }, Option.some(true)],
    ["is of another boot", { "/proc/sys/kernel/random/boot_id": "boot-b" }, Option.none()],
    ["is in another process namespace", { "/proc/self/ns/pid": "pid:[4026532000]" }, Option.none()],
    [
      "is in another time namespace, where its start time reads differently",
      { "/proc/self/ns/time": "time:[4026532000]", "/proc/10/stat": stat(10, 2000) },
      Option.none()
    ]
  ])("differs if it %s", ([, seen, expected]) =>
    Effect.gen(function*() {
      deepStrictEqual(yield* ended(machine(), machine(seen)), expected)
    }))

  it.effect("is known on kernels without time namespaces", () =>
    Effect.gen(function*() {
      const old = machine({ "/proc/self/ns/time": "", "/proc/10/stat": stat(10, 1000) })
      deepStrictEqual(yield* ended(old, old), Option.some(false))
    }))
})
