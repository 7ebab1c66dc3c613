import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BackendUnavailable, type Probe } from "../BackendError.js"
import * as CliBackend from "../CliBackend.js"
import type * as Engine from "../Engine.js"
import type { Primitives } from "../Primitives.js"
import * as Settings from "../Settings.js"

type Services = CommandExecutor.CommandExecutor | FileSystem.FileSystem

/** @internal */
export const only = (options: CliBackend.Options): Effect.Effect<Primitives, BackendUnavailable, Services> =>
  Effect.mapError(CliBackend.make(options), (probe) => new BackendUnavailable({ probes: [probe] }))

/**
 * The first engine that answers; if none does, why each did not.
 *
 * @internal
 */
export const firstOf = (
  first: Engine.Name,
  second: Engine.Name
): Effect.Effect<Primitives, BackendUnavailable, Services> =>
  CliBackend.make({ engine: first }).pipe(
    Effect.catchAll((firstProbe: Probe) =>
      Effect.mapError(
        CliBackend.make({ engine: second }),
        (secondProbe) => new BackendUnavailable({ probes: [firstProbe, secondProbe] })
      )
    )
  )

/**
 * What the environment asks for, else what the configuration file prefers,
 * else Docker before Podman.
 *
 * @internal
 */
export const detected: Effect.Effect<Primitives, BackendUnavailable | ConfigError.ConfigError, Services> = Effect.gen(
  function*() {
    const demanded = yield* Config.option(Config.literal("docker", "podman")("OCIMAN_BACKEND"))
    if (Option.isSome(demanded)) return yield* only({ engine: demanded.value })
    const { defaultBackend } = yield* Settings.load
    return yield* defaultBackend === "podman" ? firstOf("podman", "docker") : firstOf("docker", "podman")
  }
)
