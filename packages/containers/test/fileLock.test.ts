import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as fileLock from "../src/internal/cli/fileLock.js"
import * as processIdentity from "../src/internal/processIdentity.js"

const options = Effect.all({ fileSystem: FileSystem.FileSystem, identity: processIdentity.make })

const lockPath = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "ociman-lock-" }), (directory) => `${directory}/lock`)
)

describe("a lock that is a file", () => {
  it.scopedLive("is let go of by who may not be interrupted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* lockPath
      yield* Effect.zipRight(fileLock.hold(yield* options, path), Effect.map(fs.exists(path), assertTrue)).pipe(
        Effect.scoped,
        Effect.uninterruptible
      )
      assertFalse(yield* fs.exists(path))
    }).pipe(Effect.provide(NodeContext.layer)), 10_000)
})
