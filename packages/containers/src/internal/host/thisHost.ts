import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import type { Host } from "../contract/host.js"
import * as fileLock from "./fileLock.js"
import * as privateDirectory from "./privateDirectory.js"
import * as processIdentity from "./processIdentity.js"

/**
 * Host of files and processes. Locks are files in
 * `$XDG_RUNTIME_DIR/ociman/locks` or `$TMPDIR/ociman-UID/locks`, which are
 * writable by this user only. If no such directory can be created, logs a warning
 * and locks nothing; an image may then be built more than once.
 */
export const make: Effect.Effect<Host, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem> = Effect.gen(
  function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const identity = yield* processIdentity.make
    return {
      currentProcess: identity.current,
      liveness: identity.isAlive,
      lock: (name) =>
        Effect.flatMap(
          directory(fileSystem),
          (path) => fileLock.hold({ fileSystem, identity }, `${path}/${fileName(name)}`)
        ).pipe(
          Effect.catchAll((error) =>
            Effect.logWarning(`There is no lock for ${name}: other processes may build at the same time`, error)
          )
        )
    }
  }
)

const directory = (fs: FileSystem.FileSystem) =>
  Effect.flatMap(Config.option(Config.nonEmptyString("XDG_RUNTIME_DIR")), (runtime) =>
    Option.match(runtime, {
      onSome: (path) => privateDirectory.make(fs, path, () => ["ociman", "locks"]),
      onNone: () =>
        Effect.flatMap(Config.withDefault(Config.nonEmptyString("TMPDIR"), "/tmp"), (path) =>
          privateDirectory.make(fs, path, (uid) => [
            `ociman-${
              Option.getOrElse(uid, () => "user")
            }`,
            "locks"
          ]))
    }))

/** Name of a lock's file, of limited length. Two names with the same file share a lock, which is harmless. */
const fileName = (name: string) =>
  `${name.replace(/[^\w.-]/g, "_").slice(-100)}-${(Hash.string(name) >>> 0).toString(16)}`
