import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ProcessIdentity } from "../processIdentity.js"
import type { Context } from "./context.js"
import * as fileLock from "./fileLock.js"
import * as privateDirectory from "./privateDirectory.js"

/**
 * Locks between the processes of a user on this machine.
 */
export interface Locks {
  /** Waits for a lock, and holds it until the scope closes. */
  readonly hold: (name: string) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * Locks that are files, in `$XDG_RUNTIME_DIR/ociman/locks` or
 * `$TMPDIR/ociman-UID/locks`, which must be this user's alone. Where there can be none, there are no
 * locks, and a warning says so: what they guard is then at worst done twice.
 */
export const make = (
  { engine, fileSystem }: Pick<Context, "engine" | "fileSystem">,
  identity: ProcessIdentity
): Locks => ({
  hold: (name) =>
    Effect.gen(function*() {
      const path = yield* directory(fileSystem)
      yield* fileLock.hold({ fileSystem, identity }, `${path}/${fileName(`${engine.name} ${name}`)}`)
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning(`There is no lock for ${name}: other processes may build at the same time`, error)
      )
    )
})

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

/** Names are of any length, and files are not. That two share a lock is no harm. */
const fileName = (name: string) =>
  `${name.replace(/[^\w.-]/g, "_").slice(-100)}-${(Hash.string(name) >>> 0).toString(16)}`
