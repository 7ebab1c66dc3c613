import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { parse, TomlError } from "smol-toml"
import { BackendUnavailable, type Probe } from "../BackendError.js"
import * as CliBackend from "../CliBackend.js"
import type * as Engine from "../Engine.js"
import type { Primitives } from "../Primitives.js"

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
    const preferred = yield* preferredEngine
    return yield* preferred === "podman" ? firstOf("podman", "docker") : firstOf("docker", "podman")
  }
)

const ConfigFile = Schema.Struct({
  default_backend: Schema.optionalWith(Schema.Literal("auto", "docker", "podman"), { default: () => "auto" })
})

const configDirectory = Config.nonEmptyString("XDG_CONFIG_HOME").pipe(
  Config.orElse(() => Config.map(Config.nonEmptyString("HOME"), (home) => `${home}/.config`)),
  Config.option
)

const preferredEngine = Effect.gen(function*() {
  const directory = yield* configDirectory
  if (Option.isNone(directory)) return "auto"
  const path = `${directory.value}/ociman.toml`
  const fileSystem = yield* FileSystem.FileSystem
  const text = yield* fileSystem.readFileString(path).pipe(
    Effect.asSome,
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeedNone
    ),
    Effect.mapError((error) => ConfigError.Unsupported([path], error.message))
  )
  return Option.isNone(text) ? "auto" : (yield* decodeFile(path, text.value)).default_backend
})

const decodeFile = (path: string, text: string) =>
  Either.try({
    try: () => parse(text),
    catch: (error) =>
      ConfigError.InvalidData(
        [path],
        error instanceof TomlError ? `line ${error.line}, column ${error.column}: ${error.message}` : String(error)
      )
  }).pipe(
    Either.flatMap((table) =>
      Schema.decodeUnknownEither(ConfigFile, { onExcessProperty: "error" })(table).pipe(
        Either.mapLeft((error) => ConfigError.InvalidData([path], error.message))
      )
    )
  )
