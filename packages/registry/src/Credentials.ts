/**
 * The credentials that Docker, Podman and ocipkg keep on a machine.
 *
 * They are looked for in this order, and the first that has some for a registry wins:
 *
 * 1. those that the program gives to {@link layer}
 * 2. the file that `REGISTRY_AUTH_FILE` names
 * 3. the variable `DOCKER_AUTH_CONFIG`
 * 4. Podman's `auth.json`, in the runtime directory and in `~/.config/containers`
 * 5. Docker's `config.json`, in `DOCKER_CONFIG` or `~/.docker`, and `~/.dockercfg`
 * 6. ocipkg's `auth.json` in the runtime directory, and `~/.ocipkg/config.json`
 *
 * In a file, the helper that it names for the registry is asked before `credsStore`, and this before the entries. Of
 * the entries, the one for the longest path wins, then one written as the registry is, then one written as an address.
 * What is broken or cannot be asked costs only itself: {@link explain} tells of it.
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
import type { Credential } from "./Credential.js"
import { type Lookup, lookup } from "./internal/lookup.js"
import { places } from "./internal/sources.js"
import * as storing from "./internal/storing.js"
import { CredentialsError } from "./RegistryError.js"
import type { RegistryKey } from "./RegistryKey.js"
import { widening } from "./RegistryKey.js"

/**
 * A tool with a file of credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Tool = "docker" | "podman" | "ocipkg"

/**
 * Where credentials may be.
 *
 * @since 0.1.0
 * @category models
 */
export type Source =
  | { readonly _tag: "Explicit" }
  | { readonly _tag: "Variable"; readonly name: string }
  | { readonly _tag: "File"; readonly tool: Tool; readonly path: string }

/**
 * What came of asking a source:
 *
 * - `Found`: it has credentials
 * - `Absent`: there is no such file, or the variable is not set
 * - `Unreadable`, `Invalid`: the file, or a part of it, cannot be read
 * - `NoEntry`: it has none for this registry
 * - `EmptyEntry`: it has an entry without a secret
 * - `InvalidEntry`: it has an entry that cannot be read
 * - `HelperMissing`, `HelperFailed`, `HelperTimedOut`, `HelperAnswerInvalid`: its helper did not help
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome =
  | "Found"
  | "Absent"
  | "Unreadable"
  | "Invalid"
  | "NoEntry"
  | "EmptyEntry"
  | "InvalidEntry"
  | "HelperMissing"
  | "HelperFailed"
  | "HelperTimedOut"
  | "HelperAnswerInvalid"

/**
 * @since 0.1.0
 * @category models
 */
export interface Consulted {
  readonly source: Source
  readonly outcome: Outcome
  /** The key of the entry, or the program of the helper. */
  readonly at: Option.Option<string>
  /** What is wrong, if something is; no secret and no part of one. */
  readonly detail: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly credential: Credential
  readonly source: Source
}

/**
 * How credentials were looked for. It may be shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  readonly key: RegistryKey
  /** In the order in which it was done; the last one was found, if any was. */
  readonly consulted: ReadonlyArray<Consulted>
  /** Where the credentials are from, and whose they are if they have a user name. */
  readonly found: Option.Option<{ readonly source: Source; readonly username: Option.Option<string> }>
}

/**
 * Where a login went: into a file, or to the helper that the file names.
 *
 * @since 0.1.0
 * @category models
 */
export type Stored =
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Helper"; readonly path: string; readonly name: string }
  | { readonly _tag: "Memory" }

/**
 * @since 0.1.0
 * @category models
 */
export interface StoreOptions {
  /**
   * Whose file it is, and whose rules hold for it. Default: that of Docker, which Podman reads too, unless
   * `REGISTRY_AUTH_FILE` names another one, by Podman's rules.
   */
  readonly tool?: Tool | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The credentials for a registry or a repository. There may be none, which is no error. */
  readonly resolve: (key: RegistryKey) => Effect.Effect<Option.Option<Found>>
  /** How they are looked for, with what was found and not the secret. */
  readonly explain: (key: RegistryKey) => Effect.Effect<Explanation>
  /** Keeps credentials as the tool does: in its file, of mode 0600 and replaced in one step, or by its helper. */
  readonly login: (
    key: RegistryKey,
    credential: Credential,
    options?: StoreOptions
  ) => Effect.Effect<Stored, CredentialsError>
  /** Forgets them, in the same place. */
  readonly logout: (key: RegistryKey, options?: StoreOptions) => Effect.Effect<void, CredentialsError>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Credentials extends Context.Tag("@ociman/registry/Credentials")<Credentials, Service>() {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Credentials that come before all others. */
  readonly explicit?: Iterable<readonly [RegistryKey, Credential]> | undefined
  /** How long a helper may take; 30 seconds by default. */
  readonly helperTimeout?: Duration.DurationInput | undefined
}

/**
 * The variables are read once, the files and helpers each time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*({ explicit = [], helperTimeout = "30 seconds" }: Options = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const executor = yield* CommandExecutor.CommandExecutor
  const found = yield* places(fs, path)
  const settings = { fs, path, places: found, helperTimeout, explicit: byKey(explicit) }
  const withExecutor = Effect.provideService(CommandExecutor.CommandExecutor, executor)
  const look = (key: RegistryKey) => withExecutor(lookup(settings, key))
  const oneAtATime = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const toolOf = ({ tool }: StoreOptions = {}): Tool => tool ?? (found.first.length > 0 ? "podman" : "docker")
  return Credentials.of({
    ...reading(look),
    login: (key, credential, options) =>
      storing.login(settings, key, credential, toolOf(options)).pipe(oneAtATime, withExecutor, span("login", key)),
    logout: (key, options) =>
      storing.logout(settings, key, toolOf(options)).pipe(oneAtATime, withExecutor, span("logout", key))
  })
})

/**
 * The credentials of this machine's user.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<Credentials, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Credentials, make(options))

/**
 * Credentials that are kept in memory only. At first there are those that are given.
 *
 * @example
 * ```ts
 * import { Credential, Credentials, RegistryKey } from "@ociman/registry"
 * import { Effect, Option, Redacted } from "effect"
 *
 * const quay = RegistryKey.make("quay.io")
 *
 * const program = Effect.gen(function*() {
 *   yield* Credentials.login(quay, Credential.login("alice", Redacted.make("s3cret")))
 *   const { found } = yield* Credentials.explain(RegistryKey.make("quay.io/team/app"))
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
      const look = (key: RegistryKey) =>
        Effect.map(Ref.get(ref), (known): Lookup => {
          const at = widening(key).map(String).find((name) => known.has(name))
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
        ...reading(look),
        login: (key, credential) =>
          Option.match(storing.flaw(credential), {
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
                detail: "there are none"
              })
          )
      })
    })
  )

/**
 * A test double that can do what it is given. Anything else dies when it is used, and says what was missing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (partial: Partial<Service>): Layer.Layer<Credentials> => Layer.mock(Credentials, partial)

/**
 * The credentials for a registry or a repository. There may be none, which is no error.
 *
 * @since 0.1.0
 * @category operations
 */
export const resolve = (key: RegistryKey): Effect.Effect<Option.Option<Found>, never, Credentials> =>
  Effect.flatMap(Credentials, (_) => _.resolve(key))

/**
 * How credentials are looked for, what is wrong on the way, and where they are from.
 *
 * @since 0.1.0
 * @category operations
 */
export const explain = (key: RegistryKey): Effect.Effect<Explanation, never, Credentials> =>
  Effect.flatMap(Credentials, (_) => _.explain(key))

/**
 * Stores credentials where a tool keeps them. The registry is not asked; `Registry.login` asks it first.
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
 * Forgets credentials that a tool keeps. With a helper there is no telling whether it had any.
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

const reading = (look: (key: RegistryKey) => Effect.Effect<Lookup>): Pick<Service, "resolve" | "explain"> => ({
  resolve: (key) => Effect.map(look(key), ({ found }) => found).pipe(span("resolve", key)),
  explain: (key) =>
    Effect.map(look(key), ({ consulted, found }): Explanation => ({
      key,
      consulted,
      found: Option.map(found, ({ credential, source }) => ({
        source,
        username: Option.map(credential.login, ({ username }) => username)
      }))
    })).pipe(span("explain", key))
})
