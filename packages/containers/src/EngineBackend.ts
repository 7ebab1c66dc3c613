/**
 * Backends of Docker and Podman, on this machine or as its settings name them.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as CliBackend from "./CliBackend.js"

// The driver and the search for an engine load when a layer is built: not every program with a `Backend` needs them.
const drivers = Effect.all({
  cli: Effect.promise(() => import("./CliBackend.js")),
  selection: Effect.promise(() => import("./internal/discovery/engineSelection.js")),
  host: Backend.host
}, { concurrency: "unbounded" })

const layerOf = (options: CliBackend.Options) =>
  Layer.scoped(
    Backend.Backend,
    Effect.flatMap(drivers, ({ cli, host, selection }) =>
      Effect.flatMap(selection.only(cli.make, options), (driver) =>
        Backend.make(driver, host)))
  )

/**
 * Provides the engine named by the environment variable `OCIMAN_BACKEND` (`docker` or `podman`); else by
 * `default_backend` in `$XDG_CONFIG_HOME/ociman.toml`; else Docker if `DOCKER_HOST`, `DOCKER_CONTEXT` or a current
 * context name an endpoint; else Podman if `CONTAINER_HOST` or `CONTAINER_CONNECTION` do; else the first of Docker and
 * Podman that answers. If that is Podman, a log message has the reason why Docker is not available.
 *
 * Fails with `BackendUnavailable`, which lists each engine that was tried and the reason why it does not answer, or
 * with `ConfigError` if a setting is invalid. If a setting names an engine, no other is tried.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  Backend.Backend,
  BackendError.BackendUnavailable | ConfigError.ConfigError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = Layer.scoped(
  Backend.Backend,
  Effect.flatMap(
    drivers,
    ({ cli, host, selection }) => Effect.flatMap(selection.detected(cli.make), (driver) => Backend.make(driver, host))
  )
)

/**
 * Provides Docker, through its command line client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<
  Backend.Backend,
  BackendError.BackendUnavailable,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = layerOf({ engine: "docker" })

/**
 * Provides Podman, through its command line client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<
  Backend.Backend,
  BackendError.BackendUnavailable,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = layerOf({ engine: "podman" })

/**
 * Provides the engine, and its client, that a `Config` names.
 *
 * @example
 * ```ts
 * import { EngineBackend } from "@ociman/containers"
 * import { Config } from "effect"
 *
 * const backend = EngineBackend.layerConfig({
 *   engine: Config.literal("docker", "podman")("ENGINE"),
 *   executable: Config.string("ENGINE_CLIENT").pipe(Config.withDefault(undefined))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<CliBackend.Options>
): Layer.Layer<
  Backend.Backend,
  BackendError.BackendUnavailable | ConfigError.ConfigError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> => Layer.unwrapEffect(Effect.map(Config.unwrap(config), layerOf))
