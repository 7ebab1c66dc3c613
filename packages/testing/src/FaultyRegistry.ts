/**
 * A scripted registry for tests of failures: it follows the distribution protocol and deviates from it where a script
 * defines a fault, so that clients can be tested against errors that no real registry produces on demand.
 *
 * {@link layer} needs no network: it provides an `HttpClient` and answers all of its requests. {@link layerServer}
 * listens on a port, for other programs and for tests of real connection losses.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { NodeHasher } from "@ociman/node"
 * import { FaultyRegistry } from "@ociman/testing"
 * import { Effect, Layer } from "effect"
 *
 * const busy = FaultyRegistry.healthy.pipe(
 *   FaultyRegistry.on("GET /v2/", FaultyRegistry.tooManyRequests("1"), { times: 1 })
 * )
 *
 * const statuses = Effect.gen(function*() {
 *   const first = yield* HttpClient.get("https://registry.example.com/v2/")
 *   const second = yield* HttpClient.get("https://registry.example.com/v2/")
 *   const calls = yield* FaultyRegistry.requests
 *   assert.deepStrictEqual(calls.map(({ status }) => status), [429, 200])
 *   return [first.status, second.status]
 * }).pipe(
 *   Effect.provide(FaultyRegistry.layer(busy)),
 *   Effect.provide(NodeHasher.layer)
 * )
 *
 * assert.deepStrictEqual(await Effect.runPromise(statuses), [429, 200])
 * ```
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServer from "@effect/platform/HttpServer"
import type * as BackendDriver from "@ociman/containers/BackendDriver"
import type * as Hasher from "@ociman/oci/Hasher"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as handler from "./internal/faultyRegistry/handler.js"
import * as internal from "./internal/faultyRegistry/script.js"
import * as serving from "./internal/faultyRegistry/serving.js"

/**
 * Source of an answer: the registry itself, a response of the script, a function
 * of the request, or no answer at all because the connection is lost or hangs.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = Data.TaggedEnum<{
  Registry: {}
  Given: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | ReadonlyArray<string>>>
    readonly body: string | Uint8Array
  }
  Computed: { readonly answer: (request: Request) => Answer }
  Drop: {}
  Hang: {}
}>

/**
 * Modification of an answer before it is sent.
 *
 * @since 0.1.0
 * @category models
 */
export type Change = Data.TaggedEnum<{
  SetHeaders: { readonly headers: Readonly<Record<string, string | null>> }
  Corrupt: {}
  Unframe: {}
  Wait: { readonly duration: Duration.Duration }
  LoseUpload: { readonly bytes: number }
  Cut: { readonly bytes: number }
  Stall: { readonly bytes: number }
  Trickle: { readonly piece: number; readonly every: Duration.Duration }
}>

/**
 * Answer to a request: its source and the modifications of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Pipeable {
  readonly source: Source
  readonly changes: ReadonlyArray<Change>
}

/**
 * Further conditions that a request has to meet for a rule to apply.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /** Required values of query parameters; `null` requires that the parameter is absent. */
  readonly query?: Readonly<Record<string, string | null>> | undefined
  /** Required header values, as text or pattern; `null` requires that the header is absent. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>> | undefined
  /** Number of requests that the rule applies to; later requests use the rules after it. Default: unlimited. */
  readonly times?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Rule extends Conditions {
  /** Method and path, in which `*` matches any text, as in `GET /v2/team/app/blobs/*`. */
  readonly request: string
  readonly answer: Answer
}

/**
 * Authentication that the registry requires.
 *
 * @since 0.1.0
 * @category models
 */
export type Authentication = Data.TaggedEnum<{
  Basic: { readonly credentials: BackendDriver.Credentials }
  Token: TokenOptions
}>

/**
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions {
  /** Credentials required to get a token. Default: none are required. */
  readonly credentials?: BackendDriver.Credentials | undefined
  /** Lifetime of a token. Default: five minutes. */
  readonly expiresIn?: Duration.DurationInput | undefined
  /** Number of requests that a token is accepted for, regardless of its lifetime. Default: unlimited. */
  readonly uses?: number | undefined
}

/**
 * Script of a registry: rules for its answers, authentication and options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script extends Pipeable {
  readonly rules: ReadonlyArray<Rule>
  /** Answer to a request that no rule applies to. */
  readonly otherwise: Answer
  readonly authentication: Authentication | undefined
  readonly options: MemoryRegistry.Options
}

/**
 * A recorded request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: string
  /** The path, decoded. */
  readonly path: string
  /** The path and the query, encoded as they were sent. */
  readonly url: string
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers: Headers.Headers
  /** The first four mebibytes of the body, as far as it was read. */
  readonly body: Uint8Array
  /** Number of bytes of the body that were read. */
  readonly size: number
  /** Status of the answer; 0 if there is none (yet). */
  readonly status: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Host name in references, with the port unless it is the default one of the scheme. */
  readonly host: string
  /** Base URL, such as `http://127.0.0.1:5000`. */
  readonly url: string
  /** The requests received so far, in order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** Replaces the script from the next request on. Stored content is kept. */
  readonly play: (script: Script) => Effect.Effect<void>
  /** Request handler, for use with {@link httpClient}. */
  readonly handler: MemoryRegistry.Handler
}

/**
 * A scripted registry.
 *
 * @since 0.1.0
 * @category tags
 */
export class FaultyRegistry extends Context.Tag("@ociman/testing/FaultyRegistry")<FaultyRegistry, Service>() {}

/**
 * Answers as the registry without faults does.
 *
 * @since 0.1.0
 * @category answers
 */
export const pass: Answer = internal.from(internal.Source.Registry())

/**
 * Answers with the given response instead of the registry's. Sets `content-length`
 * unless the headers contain it.
 *
 * @since 0.1.0
 * @category answers
 */
export const respond = (status: number, options: {
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>> | undefined
  readonly body?: string | Uint8Array | undefined
} = {}): Answer =>
  internal.from(internal.Source.Given({ status, headers: options.headers ?? {}, body: options.body ?? "" }))

/**
 * Computes the answer from the request, after its body was read.
 *
 * @since 0.1.0
 * @category answers
 */
export const respondWith = (answer: (request: Request) => Answer): Answer =>
  internal.from(internal.Source.Computed({ answer }))

/**
 * Answers with an error document of the distribution protocol.
 *
 * @since 0.1.0
 * @category answers
 */
export const error = (status: number, code: string, message = "scripted error"): Answer =>
  respond(status, {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ errors: [{ code, message, detail: null }] })
  })

/**
 * Answers with status 429 and, if given, `Retry-After` in seconds or as a date.
 *
 * @since 0.1.0
 * @category answers
 */
export const tooManyRequests = (retryAfter?: string): Answer =>
  error(429, "TOOMANYREQUESTS").pipe(withHeaders({ "retry-after": retryAfter ?? null }))

/**
 * Reads the whole request and then closes the connection without an answer.
 *
 * @since 0.1.0
 * @category answers
 */
export const drop: Answer = internal.from(internal.Source.Drop())

/**
 * Never answers and keeps the connection open.
 *
 * @since 0.1.0
 * @category answers
 */
export const hang: Answer = internal.from(internal.Source.Hang())

/**
 * Sets headers; `null` removes a header.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withHeaders: {
  (headers: Readonly<Record<string, string | null>>): (self: Answer) => Answer
  (self: Answer, headers: Readonly<Record<string, string | null>>): Answer
} = internal.changing((headers: Readonly<Record<string, string | null>>) => internal.Change.SetHeaders({ headers }))

/**
 * Flips the bits of the first byte of the body: its digest becomes wrong and its
 * length stays right.
 *
 * @since 0.1.0
 * @category combinators
 */
export const corrupt = (self: Answer): Answer => internal.changed(self, internal.Change.Corrupt())

/**
 * Omits `content-length`, so that the body is sent in chunks.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutLength = (self: Answer): Answer => internal.changed(self, internal.Change.Unframe())

/**
 * Waits for the given duration before it answers.
 *
 * @since 0.1.0
 * @category combinators
 */
export const delay: {
  (duration: Duration.DurationInput): (self: Answer) => Answer
  (self: Answer, duration: Duration.DurationInput): Answer
} = internal.changing((duration: Duration.DurationInput) =>
  internal.Change.Wait({ duration: Duration.decode(duration) })
)

/**
 * Loses the connection after the given number of bytes of the request's body.
 * Keeps those bytes if the answer comes from the registry.
 *
 * @since 0.1.0
 * @category combinators
 */
export const loseUploadAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.LoseUpload({ bytes }))

/**
 * Loses the connection after the given number of bytes of the answer's body,
 * although `content-length` announces more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cutAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.Cut({ bytes }))

/**
 * Stops sending after the given number of bytes of the answer's body and keeps
 * the connection open.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hangAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.Stall({ bytes }))

/**
 * Sends the body slowly, in pieces of `piece` bytes (default: 1) with a pause of
 * `every` (default: 20 milliseconds) before each.
 *
 * @since 0.1.0
 * @category combinators
 */
export const trickle: {
  (options?: { readonly piece?: number; readonly every?: Duration.DurationInput }): (self: Answer) => Answer
  (self: Answer, options?: { readonly piece?: number; readonly every?: Duration.DurationInput }): Answer
} = dual(
  (args) => internal.isAnswer(args[0]),
  (self: Answer, options: { readonly piece?: number; readonly every?: Duration.DurationInput } = {}): Answer =>
    internal.changed(
      self,
      internal.Change.Trickle({ piece: options.piece ?? 1, every: Duration.decode(options.every ?? "20 millis") })
    )
)

/**
 * A registry without faults, initially empty, without authentication.
 *
 * @since 0.1.0
 * @category scripts
 */
export const healthy: Script = internal.always(pass)

/**
 * Adds a rule for requests with the given method and path, in which `*` matches
 * any text. If several rules match, the first one whose `times` is not used up
 * applies.
 *
 * @since 0.1.0
 * @category combinators
 */
export const on: {
  (request: string, answer: Answer, conditions?: Conditions): (self: Script) => Script
  (self: Script, request: string, answer: Answer, conditions?: Conditions): Script
} = dual(
  (args) => internal.isScript(args[0]),
  (self: Script, request: string, answer: Answer, conditions: Conditions = {}): Script =>
    internal.edited(self, { rules: [...self.rules, { ...conditions, request, answer }] })
)

/**
 * Sets the answer to requests that no rule applies to.
 *
 * @since 0.1.0
 * @category combinators
 */
export const otherwise: {
  (answer: Answer): (self: Script) => Script
  (self: Script, answer: Answer): Script
} = internal.setting((otherwise: Answer) => ({ otherwise }))

/**
 * Sets the options of the registry. Only the first script of a registry can set them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withOptions: {
  (options: MemoryRegistry.Options): (self: Script) => Script
  (self: Script, options: MemoryRegistry.Options): Script
} = internal.setting((options: MemoryRegistry.Options) => ({ options }))

/**
 * Requires a user name and a password. Rules apply to authenticated requests only.
 *
 * @since 0.1.0
 * @category combinators
 */
export const basicAuth: {
  (credentials: BackendDriver.Credentials): (self: Script) => Script
  (self: Script, credentials: BackendDriver.Credentials): Script
} = internal.setting((credentials: BackendDriver.Credentials) => ({
  authentication: internal.Authentication.Basic({ credentials })
}))

/**
 * Requires a token, which the registry itself issues at `/token` for `GET` and
 * `POST` requests. Rules apply to authenticated requests and to token requests.
 *
 * @see https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/token.md
 * @since 0.1.0
 * @category combinators
 */
export const tokenAuth: {
  (options?: TokenOptions): (self: Script) => Script
  (self: Script, options?: TokenOptions): Script
} = dual(
  (args) => internal.isScript(args[0]),
  (self: Script, options: TokenOptions = {}): Script =>
    internal.edited(self, { authentication: internal.Authentication.Token(options) })
)

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Base URL that clients use. Default: `https://registry.example.com`. */
  readonly url?: string | undefined
}

/**
 * Creates a scripted registry without a transport; see {@link httpClient}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (script: Script, options: Options = {}): Effect.Effect<Service, never, Hasher.Hasher> =>
  handler.make(script, options.url ?? "https://registry.example.com")

/**
 * Serves a scripted registry on the given HTTP server until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeServer = (
  script: Script,
  options: Options = {}
): Effect.Effect<Service, never, Hasher.Hasher | HttpServer.HttpServer | Scope.Scope> =>
  serving.make(options, (url) => make(script, { url }))

/**
 * Creates a client whose requests are answered by the given registries. Requests
 * to any other server fail.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpClient = (...registries: ReadonlyArray<Service>): HttpClient.HttpClient =>
  MemoryRegistry.httpClient((request) => {
    const registry = registries.find(({ url }) => url === `${request.scheme}://${request.host}`)
    return registry === undefined
      ? Effect.fail(new MemoryRegistry.ConnectionLost({ detail: `there is no ${request.scheme}://${request.host}` }))
      : registry.handler(request)
  })

/**
 * Provides a scripted registry and a client that reaches nothing else.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  script: Script,
  options?: Options
): Layer.Layer<FaultyRegistry | HttpClient.HttpClient, never, Hasher.Hasher> =>
  Layer.effectContext(
    Effect.map(make(script, options), (registry) =>
      Context.make(FaultyRegistry, registry).pipe(Context.add(HttpClient.HttpClient, httpClient(registry))))
  )

/**
 * Provides a scripted registry on an HTTP server, such as the one of
 * `NodeHttpServer.layer`, which listens on a free loopback port with the options
 * `{ port: 0, host: "127.0.0.1" }`. Losing connections requires a server of
 * Node.js.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (
  script: Script,
  options?: Options
): Layer.Layer<FaultyRegistry, never, Hasher.Hasher | HttpServer.HttpServer> =>
  Layer.scoped(FaultyRegistry, makeServer(script, options))

/**
 * Returns the requests that the registry received so far, in order of arrival.
 *
 * @since 0.1.0
 * @category accessors
 */
export const requests: Effect.Effect<ReadonlyArray<Request>, never, FaultyRegistry> = Effect.flatMap(
  FaultyRegistry,
  (registry) => registry.requests
)

/**
 * Replaces the script of the registry from the next request on. Stored content is kept.
 *
 * @since 0.1.0
 * @category operations
 */
export const play = (script: Script): Effect.Effect<void, never, FaultyRegistry> =>
  Effect.flatMap(FaultyRegistry, (registry) => registry.play(script))
