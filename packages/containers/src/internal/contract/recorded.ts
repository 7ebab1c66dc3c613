import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { BackendDriver } from "../../BackendDriver.js"

/** Call of an operation of a driver, with its theme, name and arguments. */
export interface Call {
  readonly operation: string
  readonly arguments: ReadonlyArray<unknown>
}

/**
 * Wraps a driver to record each call when its effect or stream starts.
 *
 * @internal
 */
export const recorded = (driver: BackendDriver, note: (call: Call) => Effect.Effect<unknown>): BackendDriver => ({
  engine: driver.engine,
  containers: recordedTheme("containers", driver.containers, note),
  exec: recordedTheme("exec", driver.exec, note),
  files: recordedTheme("files", driver.files, note),
  images: recordedTheme("images", driver.images, note),
  builds: recordedTheme("builds", driver.builds, note),
  networks: recordedTheme("networks", driver.networks, note),
  volumes: recordedTheme("volumes", driver.volumes, note),
  events: recordedTheme("events", driver.events, note)
})

// A proxy preserves the types of all operations, including generic ones, without listing them.
const recordedTheme = <Theme extends object>(
  theme: string,
  operations: Theme,
  note: (call: Call) => Effect.Effect<unknown>
): Theme =>
  new Proxy(operations, {
    get: (target, name, receiver) => {
      const operation: unknown = Reflect.get(target, name, receiver)
      return isOperation(operation)
        ? (...args: ReadonlyArray<unknown>) => {
          const noted = (extra: ReadonlyArray<unknown>) =>
            note({ operation: `${theme}.${String(name)}`, arguments: [...args, ...extra] })
          return notedResult(operation(...args), noted)
        }
        : operation
    }
  })

const notedResult = (
  result: unknown,
  noted: (extra: ReadonlyArray<unknown>) => Effect.Effect<unknown>
): unknown => {
  if (isEffect(result)) return Effect.zipRight(noted([]), result)
  if (isStream(result)) return Stream.unwrap(Effect.as(noted([]), result))
  if (isExecutor(result)) {
    return CommandExecutor.makeExecutor((command) => Effect.zipRight(noted([command]), result.start(command)))
  }
  return result
}

const isOperation = (u: unknown): u is (...args: ReadonlyArray<unknown>) => unknown => Predicate.isFunction(u)

const isEffect = (u: unknown): u is Effect.Effect<unknown> => Effect.isEffect(u)

const isStream = (u: unknown): u is Stream.Stream<unknown> => Predicate.hasProperty(u, Stream.StreamTypeId)

const isExecutor = (u: unknown): u is CommandExecutor.CommandExecutor =>
  Predicate.hasProperty(u, CommandExecutor.TypeId)
