/** Prints `ready` while it holds the lock of a layout, forever: `locker.ts ROOT`. */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import * as fileLock from "../../src/internal/files/fileLock.js"

const [, , root = ""] = process.argv

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* fileLock.acquire(fs, `${root}/.ociman-lock`)
  yield* Console.log("ready")
  yield* Effect.never
})

program.pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
