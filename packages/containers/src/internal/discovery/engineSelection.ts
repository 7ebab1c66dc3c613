import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BackendDriver } from "../../BackendDriver.js"
import { BackendUnavailable, type Probe } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import * as OcimanConfig from "../../OcimanConfig.js"
import * as docker from "./docker.js"
import * as podman from "./podman.js"

type Services = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Scope.Scope

/**
 * Engine to connect to, and the executable of its client if it is not the engine's name.
 *
 * @internal
 */
export interface Selected {
  readonly engine: Engine.Name
  readonly executable?: string | undefined
}

/** Connects to an engine. */
type Connect = (selected: Selected) => Effect.Effect<BackendDriver, Probe, Services>

/** @internal */
export const only = (
  connect: Connect,
  selected: Selected,
  namedBy?: string
): Effect.Effect<BackendDriver, BackendUnavailable, Services> =>
  Effect.mapError(
    connect(selected),
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
    const { defaultBackend } = yield* OcimanConfig.load
    if (defaultBackend !== "auto") return Option.some({ engine: defaultBackend, by: "default_backend in ociman.toml" })
    const dockers = yield* docker.namedBy
    if (Option.isSome(dockers)) return Option.some({ engine: "docker", by: dockers.value })
    return Option.map(yield* podman.namedBy, (by) => ({ engine: "podman", by }))
  }
)

const fallBack = (connect: Connect, docker: Probe) =>
  connect({ engine: "podman" }).pipe(
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
export const detected = (
  connect: Connect
): Effect.Effect<BackendDriver, BackendUnavailable | ConfigError.ConfigError, Services> =>
  Effect.flatMap(
    named,
    Option.match({
      onSome: ({ by, engine }) => only(connect, { engine }, by),
      onNone: () => Effect.catchAll(connect({ engine: "docker" }), (docker) => fallBack(connect, docker))
    })
  )
