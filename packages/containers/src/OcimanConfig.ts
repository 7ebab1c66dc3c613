/**
 * User settings in the file `ociman.toml`.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as toml from "./internal/discovery/toml.js"

const File = Schema.Struct({
  default_backend: Schema.optionalWith(Schema.Literal("auto", "docker", "podman"), { default: () => "auto" })
})

/**
 * Settings of a user.
 *
 * @since 0.1.0
 * @category models
 */
export interface OcimanConfig {
  /** Engine to use, `default_backend` in the file; `auto` prefers Docker to Podman. */
  readonly defaultBackend: typeof File.Type["default_backend"]
}

/**
 * Defaults, used if there is no file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: OcimanConfig = { defaultBackend: "auto" }

/**
 * Path of the file: `$XDG_CONFIG_HOME/ociman.toml`, by default `~/.config/ociman.toml`; `None` if neither variable is
 * set.
 *
 * @since 0.1.0
 * @category getters
 */
export const path: Effect.Effect<Option.Option<string>> = Config.nonEmptyString("XDG_CONFIG_HOME").pipe(
  Config.orElse(() => Config.map(Config.nonEmptyString("HOME"), (home) => `${home}/.config`)),
  Effect.option,
  Effect.map(Option.map((directory) => `${directory}/ociman.toml`))
)

/**
 * Parses the text of a file. An error has the path and the line; an unknown key is an error.
 *
 * @example
 * ```ts
 * import { OcimanConfig } from "@ociman/containers"
 * import { Either } from "effect"
 *
 * const settings = OcimanConfig.parse("ociman.toml", "default_backend = \"podman\"\n")
 * assert.strictEqual(Either.getOrThrow(settings).defaultBackend, "podman")
 *
 * const error = Either.flip(OcimanConfig.parse("ociman.toml", "# mine\nbackend = 1\n"))
 * assert.match(String(Either.getOrThrow(error)), /ociman\.toml.*line 2: "backend" is unexpected/)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (path: string, text: string): Either.Either<OcimanConfig, ConfigError.ConfigError> =>
  toml.parse(text).pipe(
    Either.flatMap((table) => Either.mapLeft(decodeFile(table), (error) => formatErrors(text, error))),
    Either.mapBoth({
      onLeft: (message) => ConfigError.InvalidData([path], message),
      onRight: (file) => ({ defaultBackend: file.default_backend })
    })
  )

const decodeFile = Schema.decodeUnknownEither(File, { onExcessProperty: "error", errors: "all" })

const formatErrors = (text: string, error: ParseResult.ParseError) =>
  ParseResult.ArrayFormatter.formatErrorSync(error)
    .map(({ message, path: [key] }) => `line ${toml.lineOf(text, String(key))}: "${String(key)}" ${message}`)
    .join("\n")

/**
 * Loads the settings of this user; the {@link defaults} if there is no file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load: Effect.Effect<OcimanConfig, ConfigError.ConfigError, FileSystem.FileSystem> = Effect.gen(
  function*() {
    const file = yield* path
    if (Option.isNone(file)) return defaults
    const fileSystem = yield* FileSystem.FileSystem
    const text = yield* fileSystem.readFileString(file.value).pipe(
      Effect.asSome,
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "NotFound",
        () => Effect.succeedNone
      ),
      Effect.mapError((error) => ConfigError.Unsupported([file.value], error.message))
    )
    return Option.isNone(text) ? defaults : yield* parse(file.value, text.value)
  }
)
