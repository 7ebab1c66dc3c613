import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import type * as Scope from "effect/Scope"
import type { ProcessIdentity } from "../processIdentity.js"
import type { Context } from "./context.js"
import * as fileLock from "./fileLock.js"

/**
 * Locks between the processes of a user on this machine.
 *
 * @internal
 */
export interface Locks {
  /** Waits for a lock, and holds it until the scope closes. */
  readonly hold: (name: string) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * Locks that are files. Where files cannot be had, there are no locks, and a
 * warning says so: what they guard is then at worst done twice.
 *
 * @internal
 */
export const make = ({ engine, fileSystem }: Context, identity: ProcessIdentity): Locks => ({
  hold: (name) =>
    Effect.gen(function*() {
      const path = yield* directory
      yield* fileSystem.makeDirectory(path, { recursive: true, mode: 0o700 })
      yield* fileLock.hold({ fileSystem, identity }, `${path}/${fileName(`${engine.name} ${name}`)}`)
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning(`There is no lock for ${name}: other processes may build at the same time`, error)
      )
    )
})

const directory = Config.nonEmptyString("XDG_RUNTIME_DIR").pipe(
  Config.map((path) => `${path}/ociman/locks`),
  Config.orElse(() =>
    Config.map(
      Config.all([
        Config.withDefault(Config.nonEmptyString("TMPDIR"), "/tmp"),
        Config.withDefault(Config.nonEmptyString("USER"), "user")
      ]),
      ([path, user]) => `${path}/ociman-${user.replace(/[^\w.-]/g, "_")}/locks`
    )
  )
)

/** Names are of any length, and files are not. That two share a lock is no harm. */
const fileName = (name: string) =>
  `${name.replace(/[^\w.-]/g, "_").slice(-100)}-${(Hash.string(name) >>> 0).toString(16)}`
