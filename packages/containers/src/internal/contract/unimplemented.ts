import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import { unsafeCoerce } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { BackendDriver } from "../../BackendDriver.js"
import { engine } from "../model/memoryEngine.js"

/** Partial driver, with partial themes. */
export type PartialDriver = {
  readonly [Theme in keyof BackendDriver]?: Partial<BackendDriver[Theme]> | undefined
}

/**
 * Completes a driver: a missing operation dies with its own name when it is called.
 *
 * @internal
 */
export const completed = (partial: PartialDriver): BackendDriver => ({
  engine: { ...engine, ...partial.engine },
  containers: completedTheme("containers", partial.containers),
  exec: completedTheme("exec", partial.exec),
  files: completedTheme("files", partial.files),
  images: completedTheme("images", partial.images),
  builds: completedTheme("builds", partial.builds),
  networks: completedTheme("networks", partial.networks),
  volumes: completedTheme("volumes", partial.volumes),
  events: completedTheme("events", partial.events)
})

const completedTheme = <Theme extends object>(theme: string, partial: Partial<Theme> | undefined): Theme =>
  // The proxy implements every operation of the theme, but has the type of its target.
  unsafeCoerce<Partial<Theme>, Theme>(
    new Proxy<Partial<Theme>>({ ...partial }, {
      get: (target, name, receiver) => {
        const operation: unknown = Reflect.get(target, name, receiver)
        return operation === undefined && Predicate.isString(name) ? missing(theme, name) : operation
      }
    })
  )

const missing = (theme: string, name: string) => () => {
  const message = `Backend.layerTest: "${theme}.${name}" was called but is not implemented; ` +
    `pass it as in Backend.layerTest({ ${theme}: { ${name}: … } }).`
  if (streams.has(`${theme}.${name}`)) return Stream.dieMessage(message)
  const died = Effect.dieMessage(message)
  return name === "executor" ? CommandExecutor.makeExecutor(() => died) : died
}

const streams: ReadonlySet<string> = new Set([
  "containers.startAttached",
  "containers.logs",
  "containers.stats",
  "exec.run",
  "files.copyOutOf",
  "images.pull",
  "images.push",
  "images.save",
  "builds.build"
])
