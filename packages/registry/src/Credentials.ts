/**
 * Registry credentials as Docker, Podman and ocipkg store them.
 *
 * Sources are consulted in this order; the first one with a credential for the registry wins:
 *
 * 1. credentials given to {@link layer}
 * 2. the file named by `REGISTRY_AUTH_FILE`
 * 3. the variable `DOCKER_AUTH_CONFIG`
 * 4. Podman's `auth.json`, in the runtime directory and in `~/.config/containers`
 * 5. Docker's `config.json`, in `DOCKER_CONFIG` or `~/.docker`, and `~/.dockercfg`
 * 6. ocipkg's `auth.json` in the runtime directory, and `~/.ocipkg/config.json`
 *
 * Within a file, the registry's own helper (`credHelpers`) takes precedence over `credsStore`, and that over entries
 * (`auths`). Among entries the longest path wins, then the plain name of the registry, then a URL. A broken or
 * unreachable source is skipped; {@link explain} reports it.
 *
 * @since 0.1.0
 */
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Consulted, Credential, Found, Source, Tool } from "./Credential.js"
import { applicableKeys } from "./internal/credentials/applicableKeys.js"
import * as locations from "./internal/credentials/locations.js"
import { type Lookup, lookup } from "./internal/credentials/lookup.js"
import * as storage from "./internal/credentials/storage.js"
import { CredentialsError } from "./RegistryError.js"
import type { RegistryKey } from "./Repository.js"

/**
 * Trace of a credential lookup. Contains no secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  readonly key: RegistryKey
  /** The steps in order; the last one is `Found` if a credential was found. */
  readonly consulted: ReadonlyArray<Consulted>
  /** The source of the credential, and its user name if it has one. */
  readonly found: Option.Option<{ readonly source: Source; readonly username: Option.Option<string> }>
}

/**
 * Location of a stored credential: a file, the helper that the file names, or memory.
 *
 * @since 0.1.0
 * @category models
 */
export type Stored =
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Helper"; readonly path: string; readonly name: string }
  | { readonly _tag: "Memory" }

/**
 * Options of storing and removing a credential.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoreOptions {
  /**
   * Tool whose file and rules are used. Default: `docker`, whose file Podman reads too, or `podman` if
   * `REGISTRY_AUTH_FILE` is set.
   */
  readonly tool?: Tool | undefined
}

/**
 * Looks up, stores and removes credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Finds the credential for a registry or repository. None is not an error. */
  readonly resolve: (key: RegistryKey) => Effect.Effect<Option.Option<Found>>
  /** Traces the lookup of {@link Service.resolve}, without the secret. */
  readonly explain: (key: RegistryKey) => Effect.Effect<Explanation>
  /** Stores a credential as the tool does: in its file, replaced atomically with mode 0600, or with its helper. */
  readonly login: (
    key: RegistryKey,
    credential: Credential,
    options?: StoreOptions
  ) => Effect.Effect<Stored, CredentialsError>
  /** Removes a credential from the place where `login` stores it. */
  readonly logout: (key: RegistryKey, options?: StoreOptions) => Effect.Effect<void, CredentialsError>
}

/**
 * The service that finds credentials of registries.
 *
 * @since 0.1.0
 * @category tags
 */
export class Credentials extends Context.Tag("@ociman/registry/Credentials")<Credentials, Service>() {}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Credentials that take precedence over all other sources. Default: none. */
  readonly explicit?: Iterable<readonly [RegistryKey, Credential]> | undefined
  /** Time limit of one run of a credential helper. Default: 30 seconds. */
  readonly helperTimeout?: Duration.DurationInput | undefined
}

/**
 * Creates the service. Reads environment variables once, and files and helpers at each lookup.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*({ explicit = [], helperTimeout = "30 seconds" }: Options = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const executor = yield* CommandExecutor.CommandExecutor
  const found = yield* locations.find(fs, path)
  const settings = { fs, path, locations: found, helperTimeout, explicit: byKey(explicit) }
  const withExecutor = Effect.provideService(CommandExecutor.CommandExecutor, executor)
  const find = (key: RegistryKey) => withExecutor(lookup(settings, key))
  const exclusive = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const toolOf = ({ tool }: StoreOptions = {}): Tool => tool ?? (found.beforeVariable.length > 0 ? "podman" : "docker")
  return Credentials.of({
    ...reading(find),
    login: (key, credential, options) =>
      storage.login(settings, key, credential, toolOf(options)).pipe(exclusive, withExecutor, span("login", key)),
    logout: (key, options) =>
      storage.logout(settings, key, toolOf(options)).pipe(exclusive, withExecutor, span("logout", key))
  })
})

/**
 * Provides the stored credentials of the current user.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<Credentials, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Credentials, make(options))

/**
 * Provides credentials that are held in memory only, initially the given ones.
 *
 * @example
 * ```ts
 * import { Credential, Credentials, Repository } from "@ociman/registry"
 * import { Effect, Option, Redacted } from "effect"
 *
 * const quay = Repository.registryKey("quay.io")
 *
 * const program = Effect.gen(function*() {
 *   yield* Credentials.login(quay, Credential.login("alice", Redacted.make("s3cret")))
 *   const { found } = yield* Credentials.explain(Repository.registryKey("quay.io/team/app"))
 *   assert.deepStrictEqual(Option.flatMap(found, ({ username }) => username), Option.some("alice"))
 * })
 *
 * await program.pipe(Effect.provide(Credentials.layerMemory()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (
  credentials: Iterable<readonly [RegistryKey, Credential]> = []
): Layer.Layer<Credentials> =>
  Layer.effect(
    Credentials,
    Effect.map(Ref.make<ReadonlyMap<string, Credential>>(byKey(credentials)), (ref) => {
      const source: Source = { _tag: "Explicit" }
      const find = (key: RegistryKey) =>
        Effect.map(Ref.get(ref), (known): Lookup => {
          const at = applicableKeys(key).map(String).find((name) => known.has(name))
          const credential = Option.fromNullable(at === undefined ? undefined : known.get(at))
          return {
            found: Option.map(credential, (credential) => ({ credential, source })),
            consulted: [{
              source,
              outcome: Option.isSome(credential) ? "Found" : "NoEntry",
              at: Option.fromNullable(at),
              detail: ""
            }]
          }
        })
      return Credentials.of({
        ...reading(find),
        login: (key, credential) =>
          Option.match(storage.validate(credential), {
            onNone: () =>
              Effect.as(Ref.update(ref, (known) => new Map([...known, [String(key), credential]])), { _tag: "Memory" }),
            onSome: (detail) =>
              new CredentialsError({ operation: "login", key: String(key), reason: "InvalidCredential", detail })
          }),
        logout: (key) =>
          Effect.flatMap(
            Ref.modify(ref, (known) => {
              const rest = new Map(known)
              return [rest.delete(String(key)), rest]
            }),
            (had) =>
              had ? Effect.void : new CredentialsError({
                operation: "logout",
                key: String(key),
                reason: "NotLoggedIn",
                detail: "there is none"
              })
          )
      })
    })
  )

/**
 * Provides a test double with the given methods. Any other method dies with its own name when it is called.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (partial: Partial<Service>): Layer.Layer<Credentials> => Layer.mock(Credentials, partial)

/**
 * Finds the credential for a registry or repository. None is not an error.
 *
 * @since 0.1.0
 * @category operations
 */
export const resolve = (key: RegistryKey): Effect.Effect<Option.Option<Found>, never, Credentials> =>
  Effect.flatMap(Credentials, (_) => _.resolve(key))

/**
 * Traces a credential lookup: the consulted sources, their problems, and the source of the result.
 *
 * @since 0.1.0
 * @category operations
 */
export const explain = (key: RegistryKey): Effect.Effect<Explanation, never, Credentials> =>
  Effect.flatMap(Credentials, (_) => _.explain(key))

/**
 * Stores a credential where a tool keeps it, without contacting the registry. `Registry.login` verifies it first.
 *
 * @since 0.1.0
 * @category operations
 */
export const login = (
  key: RegistryKey,
  credential: Credential,
  options?: StoreOptions
): Effect.Effect<Stored, CredentialsError, Credentials> =>
  Effect.flatMap(Credentials, (_) => _.login(key, credential, options))

/**
 * Removes a credential that a tool keeps. A helper does not report whether it had one.
 *
 * @since 0.1.0
 * @category operations
 */
export const logout = (
  key: RegistryKey,
  options?: StoreOptions
): Effect.Effect<void, CredentialsError, Credentials> => Effect.flatMap(Credentials, (_) => _.logout(key, options))

const byKey = (credentials: Iterable<readonly [RegistryKey, Credential]>): ReadonlyMap<string, Credential> =>
  new Map(Array.from(credentials, ([key, credential]) => [String(key), credential]))

const span = (name: string, key: RegistryKey) =>
  Effect.withSpan(`Credentials.${name}`, { captureStackTrace: false, attributes: { registry: String(key) } })

const reading = (find: (key: RegistryKey) => Effect.Effect<Lookup>): Pick<Service, "resolve" | "explain"> => ({
  resolve: (key) => Effect.map(find(key), ({ found }) => found).pipe(span("resolve", key)),
  explain: (key) =>
    Effect.map(find(key), ({ consulted, found }): Explanation => ({
      key,
      consulted,
      found: Option.map(found, ({ credential, source }) => ({
        source,
        username: Option.map(credential.login, ({ username }) => username)
      }))
    })).pipe(span("explain", key))
})
