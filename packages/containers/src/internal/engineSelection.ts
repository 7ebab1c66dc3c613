import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { BackendUnavailable, type Probe } from "../BackendError.js"
import * as CliBackend from "../CliBackend.js"
import type * as Engine from "../Engine.js"
import type { Primitives } from "../Primitives.js"
import * as Settings from "../Settings.js"
import * as docker from "./endpoint/docker.js"
import * as podman from "./endpoint/podman.js"

type Services = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Scope.Scope

/** @internal */
export const only = (
  options: CliBackend.Options,
  namedBy?: string
): Effect.Effect<Primitives, BackendUnavailable, Services> =>
  Effect.mapError(
    CliBackend.make(options),
    (probe) => new BackendUnavailable({ probes: [probe], ...(namedBy === undefined ? {} : { namedBy }) })
  )

interface Named {
  readonly engine: Engine.Name
  readonly by: string
}

/** The engine that a setting names, by its kind or by its endpoint. */
const named: Effect.Effect<Option.Option<Named>, ConfigError.ConfigError, FileSystem.FileSystem> = Effect.gen(
  function*() {
    const demanded = yield* Config.option(Config.literal("docker", "podman")("OCIMAN_BACKEND"))
    if (Option.isSome(demanded)) return Option.some({ engine: demanded.value, by: "OCIMAN_BACKEND" })
    const { defaultBackend } = yield* Settings.load
    if (defaultBackend !== "auto") return Option.some({ engine: defaultBackend, by: "default_backend in ociman.toml" })
    const dockers = yield* docker.namedBy
    if (Option.isSome(dockers)) return Option.some({ engine: "docker", by: dockers.value })
    return Option.map(yield* podman.namedBy, (by) => ({ engine: "podman", by }))
  }
)

const fallBack = (docker: Probe) =>
  CliBackend.make({ engine: "podman" }).pipe(
    Effect.mapError((podman) => new BackendUnavailable({ probes: [docker, podman] })),
    Effect.tap(({ engine }) =>
      (docker.reason === "NotInstalled" ? Effect.logDebug : Effect.logWarning)(
        `Using Podman ${engine.version}, since Docker is not available: ${docker}`
      )
    )
  )

/**
 * The engine that a setting names, or an error if that one does not answer.
 * Without such a setting, Docker, else Podman, whose choice is logged with the
 * reason why Docker is not available: as a warning if it is installed.
 *
 * @internal
 */
export const detected: Effect.Effect<Primitives, BackendUnavailable | ConfigError.ConfigError, Services> = Effect
  .flatMap(
    named,
    Option.match({
      onSome: ({ by, engine }) => only({ engine }, by),
      onNone: () => Effect.catchAll(CliBackend.make({ engine: "docker" }), fallBack)
    })
  )
