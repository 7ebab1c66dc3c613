import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Credentials } from "../../BackendDriver.js"
import { EngineFailed } from "../../BackendError.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import { dockerHub } from "../model/imageNames.js"
import type { Context } from "./context.js"

/** @internal */
export interface Prepared {
  readonly variables: Readonly<Record<string, string>>
  readonly redact: ReadonlyArray<Redacted.Redacted<string>>
}

/**
 * Writes credentials for one registry to a private file for the client, which is
 * removed when the scope closes. Without credentials, the client uses its own.
 *
 * @internal
 */
export const prepare = (
  context: Context,
  operation: string,
  registry: string,
  credentials: Option.Option<Credentials>
): Effect.Effect<Prepared, EngineFailed, Scope.Scope> =>
  Option.match(credentials, {
    onNone: () => Effect.succeed({ variables: {}, redact: [] }),
    onSome: ({ password, username }) => {
      const auth = Redacted.make(Encoding.encodeBase64(`${username}:${Redacted.value(password)}`))
      const write = context.engine.transport.client === "docker" ? dockerConfiguration : podmanFile
      return write(context, registry, auth).pipe(
        Effect.map((variables) => ({ variables, redact: [password, auth] })),
        Effect.mapError((cause) =>
          new EngineFailed({
            engine: context.engine.name,
            operation,
            reason: "Refused",
            detail: `cannot write a private file for the credentials: ${cause.message}`,
            cause
          })
        )
      )
    }
  })

const authsOf = (key: string, auth: Redacted.Redacted<string>) => ({ auths: { [key]: { auth: Redacted.value(auth) } } })

const podmanFile = Effect.fnUntraced(
  function*(context: Context, registry: string, auth: Redacted.Redacted<string>) {
    const directory = yield* temporaryDirectory(context, "auth")
    const file = `${directory}/auth.json`
    yield* context.fileSystem.writeFileString(file, JSON.stringify(authsOf(registry, auth)), { mode: 0o600 })
    const variables: Prepared["variables"] = { REGISTRY_AUTH_FILE: file }
    return variables
  }
)

/**
 * Docker's client reads credentials only from its configuration directory, which
 * also has its contexts. So it gets a copy of the user's directory in which only
 * the credentials differ.
 */
const dockerConfiguration = Effect.fnUntraced(
  function*(context: Context, registry: string, auth: Redacted.Redacted<string>) {
    const { fileSystem } = context
    const directory = yield* temporaryDirectory(context, "auth")
    const original = yield* dockerDirectory
    const entries = yield* Effect.orElseSucceed(fileSystem.readDirectory(original), (): ReadonlyArray<string> => [])
    yield* Effect.forEach(
      entries.filter((entry) => entry !== "config.json"),
      (entry) => fileSystem.symlink(`${original}/${entry}`, `${directory}/${entry}`),
      { discard: true }
    )
    const configuration = yield* fileSystem.readFileString(`${original}/config.json`).pipe(
      Effect.flatMap(Schema.decode(Configuration)),
      Effect.orElseSucceed(() => ({}))
    )
    const key = registry === dockerHub ? "https://index.docker.io/v1/" : registry
    yield* fileSystem.writeFileString(
      `${directory}/config.json`,
      JSON.stringify({ ...Record.filter(configuration, (_, name) => !isCredentialKey(name)), ...authsOf(key, auth) }),
      { mode: 0o600 }
    )
    // An inherited `DOCKER_AUTH_CONFIG` would take precedence over the file.
    const variables: Prepared["variables"] = { DOCKER_CONFIG: directory, DOCKER_AUTH_CONFIG: "" }
    return variables
  }
)

const Configuration = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

const isCredentialKey = (name: string) => ["auths", "credsStore", "credHelpers"].includes(name)

const dockerDirectory = Config.nonEmptyString("DOCKER_CONFIG").pipe(
  Config.orElse(() =>
    Config.string("HOME").pipe(
      Config.orElse(() => Config.string("USERPROFILE")),
      Config.map((home) => `${home}/.docker`)
    )
  ),
  Effect.orElseSucceed(() => ".docker")
)
