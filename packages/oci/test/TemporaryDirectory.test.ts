import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import { Effect, Fiber } from "effect"
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { ended, program, ready } from "./programs.js"

/** A parent of temporary directories, and a function that makes them in it. */
const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const make = TemporaryDirectory.makeScoped({ prefix: "ociman-test-" }).pipe(
    Effect.provideService(FileSystem.FileSystem, {
      ...fs,
      makeTempDirectoryScoped: (options) => fs.makeTempDirectoryScoped({ ...options, directory })
    })
  )
  return { directory, make }
})

describe("A temporary directory", () => {
  it.scopedLive("is readable by its user only, and removed when the scope closes", () =>
    Effect.gen(function*() {
      const { directory, make } = yield* place
      const made = yield* Effect.scoped(Effect.tap(make, (made) =>
        Effect.sync(() => {
          strictEqual(statSync(made).mode & 0o777, 0o700)
        })))
      assertFalse(existsSync(made))
      deepStrictEqual(readdirSync(directory), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive(
    "is removed by the next process if its own was killed, and kept while it runs",
    () =>
      Effect.gen(function*() {
        const { directory, make } = yield* place
        const [killed, running] = [
          yield* program("endless", "temporary", directory),
          yield* program("endless", "temporary", directory)
        ]
        yield* Effect.all([ready(killed), ready(running)], { concurrency: "unbounded" })
        mkdirSync(`${directory}/ociman-test-of-another-tool`)
        strictEqual(readdirSync(directory).length, 3)
        const exit = yield* Effect.fork(ended(killed))
        killed.kill("SIGKILL")
        yield* Fiber.join(exit)
        const made = yield* make
        strictEqual(readdirSync(directory).length, 3)
        assertTrue(existsSync(made))
        assertTrue(existsSync(`${directory}/ociman-test-of-another-tool`))
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})
