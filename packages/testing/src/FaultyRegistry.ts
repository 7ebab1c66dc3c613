/**
 * A registry to fail with: it keeps the distribution protocol, and breaks it where a script of yours says so, so that
 * what pushes and pulls can be tested where no real registry would misbehave on demand.
 *
 * {@link layer} needs no network: it is an `HttpClient` whose every request it answers. {@link layerServer} listens on
 * a port, for programs of all kinds, and where connections are to be really lost.
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
import type { Primitives } from "@ociman/containers"
import type { Hasher } from "@ociman/oci"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as playing from "./internal/faultyRegistry/playing.js"
import * as internal from "./internal/faultyRegistry/script.js"
import * as serving from "./internal/faultyRegistry/serving.js"

/**
 * Where an answer is from: from the registry, as it is; from the script; from
 * a function of the request; or there is none, since the connection is lost or
 * nothing ever happens.
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
 * What is done to an answer on its way.
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
 * What is answered to a request, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Pipeable {
  readonly source: Source
  readonly changes: ReadonlyArray<Change>
}

/**
 * Which requests of those that fit a rule's text it is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /** Parameters that are there with a value, or, if it is `null`, are not there. */
  readonly query?: Readonly<Record<string, string | null>> | undefined
  /** Headers that are a text, match a pattern, or are not there. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>> | undefined
  /** How many requests it is for; later ones find the rules after it. Default: all. */
  readonly times?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Rule extends Conditions {
  /** A method and a path, in which `*` stands for anything, as in `GET /v2/team/app/blobs/*`. */
  readonly request: string
  readonly answer: Answer
}

/**
 * How users prove who they are.
 *
 * @since 0.1.0
 * @category models
 */
export type Authentication = Data.TaggedEnum<{
  Basic: { readonly credentials: Primitives.Credentials }
  Token: TokenOptions
}>

/**
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions {
  /** Who gets a token. Default: everybody. */
  readonly credentials?: Primitives.Credentials | undefined
  /** For how long a token is good. Default: five minutes. */
  readonly expiresIn?: Duration.DurationInput | undefined
  /** For how many requests a token is good, whatever it says. Default: for all. */
  readonly uses?: number | undefined
}

/**
 * The script by which a registry plays.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script extends Pipeable {
  readonly rules: ReadonlyArray<Rule>
  /** What is answered to a request that no rule is for. */
  readonly otherwise: Answer
  readonly authentication: Authentication | undefined
  readonly options: MemoryRegistry.Options
}

/**
 * A request as it was made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: string
  /** The path, decoded. */
  readonly path: string
  /** The path and the query, as they were on the wire. */
  readonly url: string
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers: Headers.Headers
  /** What was read of the body, and of that the first four megabytes. */
  readonly body: Uint8Array
  /** How many bytes of the body were read. */
  readonly size: number
  /** What was answered; 0 if nothing was, or nothing yet. */
  readonly status: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Its name in references, with a port unless it is the usual one. */
  readonly host: string
  /** Its address, as `http://127.0.0.1:5000`. */
  readonly url: string
  /** What it was asked so far, in the order in which requests arrived. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** Has it play another script from the next request on. What is stored stays. */
  readonly play: (script: Script) => Effect.Effect<void>
  /** How it answers; see {@link httpClient}. */
  readonly handler: MemoryRegistry.Handler
}

/**
 * A registry that plays by a script.
 *
 * @since 0.1.0
 * @category tags
 */
export class FaultyRegistry extends Context.Tag("@ociman/testing/FaultyRegistry")<FaultyRegistry, Service>() {}

/**
 * What a registry without faults answers.
 *
 * @since 0.1.0
 * @category answers
 */
export const pass: Answer = internal.from(internal.Source.Registry())

/**
 * Answers with this, whatever the registry would say. The length of the body
 * is said unless there is a header of that name.
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
 * Answers with what a function makes of the request, whose body was read.
 *
 * @since 0.1.0
 * @category answers
 */
export const respondWith = (answer: (request: Request) => Answer): Answer =>
  internal.from(internal.Source.Computed({ answer }))

/**
 * Answers with an error in the words of the protocol.
 *
 * @since 0.1.0
 * @category answers
 */
export const error = (status: number, code: string, message = "said by a script"): Answer =>
  respond(status, {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ errors: [{ code, message, detail: null }] })
  })

/**
 * Asks for patience, by `Retry-After`: seconds, or a date.
 *
 * @since 0.1.0
 * @category answers
 */
export const tooManyRequests = (retryAfter?: string): Answer =>
  error(429, "TOOMANYREQUESTS").pipe(withHeaders({ "retry-after": retryAfter ?? null }))

/**
 * Closes the connection when all of the request was read, without an answer.
 *
 * @since 0.1.0
 * @category answers
 */
export const drop: Answer = internal.from(internal.Source.Drop())

/**
 * Never answers. The connection stays open.
 *
 * @since 0.1.0
 * @category answers
 */
export const hang: Answer = internal.from(internal.Source.Hang())

/**
 * Sets headers, or, with `null`, takes them away.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withHeaders: {
  (headers: Readonly<Record<string, string | null>>): (self: Answer) => Answer
  (self: Answer, headers: Readonly<Record<string, string | null>>): Answer
} = internal.changing((headers: Readonly<Record<string, string | null>>) => internal.Change.SetHeaders({ headers }))

/**
 * Flips the bits of the first byte of the body, so that its digest is wrong and
 * its length right.
 *
 * @since 0.1.0
 * @category combinators
 */
export const corrupt = (self: Answer): Answer => internal.changed(self, internal.Change.Corrupt())

/**
 * Does not say how long the body is: it goes out in chunks.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutLength = (self: Answer): Answer => internal.changed(self, internal.Change.Unframe())

/**
 * Waits before it answers, when all of the request was read.
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
 * Loses the connection after this many bytes of the request's body. The
 * registry keeps them if the answer is from it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const loseUploadAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.LoseUpload({ bytes }))

/**
 * Loses the connection after this many bytes of the answer's body, of which it
 * promised more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cutAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.Cut({ bytes }))

/**
 * Says nothing more after this many bytes of the answer's body. The connection
 * stays open.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hangAfter: {
  (bytes: number): (self: Answer) => Answer
  (self: Answer, bytes: number): Answer
} = internal.changing((bytes: number) => internal.Change.Stall({ bytes }))

/**
 * Sends the body slowly: pieces of some bytes, 1 by default, and before each a
 * pause, 20 milliseconds by default.
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
 * A registry without faults, empty at first, open to everybody.
 *
 * @since 0.1.0
 * @category scripts
 */
export const healthy: Script = internal.always(pass)

/**
 * Answers some requests in this way: those with a method and a path, in which
 * `*` stands for anything. Of several rules for a request the first one counts
 * that was not used up.
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
 * Answers all requests that no rule is for in this way.
 *
 * @since 0.1.0
 * @category combinators
 */
export const otherwise: {
  (answer: Answer): (self: Script) => Script
  (self: Script, answer: Answer): Script
} = internal.setting((otherwise: Answer) => ({ otherwise }))

/**
 * Sets what the registry can do. It counts for what it plays from the start.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withOptions: {
  (options: MemoryRegistry.Options): (self: Script) => Script
  (self: Script, options: MemoryRegistry.Options): Script
} = internal.setting((options: MemoryRegistry.Options) => ({ options }))

/**
 * Asks for a user name and a password. Rules are for those that are let in.
 *
 * @since 0.1.0
 * @category combinators
 */
export const basicAuth: {
  (credentials: Primitives.Credentials): (self: Script) => Script
  (self: Script, credentials: Primitives.Credentials): Script
} = internal.setting((credentials: Primitives.Credentials) => ({
  authentication: internal.Authentication.Basic({ credentials })
}))

/**
 * Asks for a token, which it gives out itself at `/token`, to who asks by `GET`
 * as to who asks by `POST`. Rules are for those that are let in, and for
 * requests of tokens.
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
  /** Where it is, as its clients say. Default: `https://registry.example.com`. */
  readonly url?: string | undefined
}

/**
 * A registry that plays by a script, without a way to it: {@link httpClient}
 * makes one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (script: Script, options: Options = {}): Effect.Effect<Service, never, Hasher.Hasher> =>
  playing.make(script, options.url ?? "https://registry.example.com")

/**
 * A registry that plays by a script, on a server, for as long as the scope is
 * open.
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
 * A client whose requests these registries answer. There are no other servers
 * in its world.
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
 * A registry that plays by a script, and a client for whom there is nothing
 * else.
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
 * A registry that plays by a script on a server, such as that of
 * `NodeHttpServer.layer`, which listens on a free port of the loopback address
 * if it is given `{ port: 0, host: "127.0.0.1" }`. That connections are lost
 * there takes a server of Node.js.
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
 * What the registry was asked so far.
 *
 * @since 0.1.0
 * @category accessors
 */
export const requests: Effect.Effect<ReadonlyArray<Request>, never, FaultyRegistry> = Effect.flatMap(
  FaultyRegistry,
  (registry) => registry.requests
)

/**
 * Has the registry play another script from the next request on.
 *
 * @since 0.1.0
 * @category operations
 */
export const play = (script: Script): Effect.Effect<void, never, FaultyRegistry> =>
  Effect.flatMap(FaultyRegistry, (registry) => registry.play(script))
