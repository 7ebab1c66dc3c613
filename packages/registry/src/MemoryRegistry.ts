/**
 * A registry in memory: the distribution protocol, as a function from requests to responses.
 *
 * `Registry.layerMemory` is a client of one. It also plays the healthy part of a server for tests.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Hasher from "@ociman/oci/Hasher"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as client from "./internal/memoryRegistry/client.js"
import * as http from "./internal/memoryRegistry/http.js"
import * as routes from "./internal/memoryRegistry/routes.js"
import type { State } from "./internal/memoryRegistry/state.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Request<out E = never> {
  readonly method: string
  /** The path and the query, as they are on the wire. */
  readonly url: string
  readonly headers: Headers.Headers
  /** What it fails with, as when a connection is lost, the response fails with. */
  readonly body: Stream.Stream<Uint8Array, E>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly status: number
  /** `content-length` is among them if there may be a body, to a `HEAD` too. */
  readonly headers: Headers.Headers
  /** Empty in a response to a `HEAD`. */
  readonly body: Uint8Array
}

/**
 * @since 0.1.0
 * @category models
 */
export interface MemoryRegistry {
  /** Answers as a registry does; what it refuses is a response too. */
  readonly respond: <E>(request: Request<E>) => Effect.Effect<Response, E>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Whether it lists referrers. Default: yes, as version 1.1 of the protocol says. */
  readonly referrers?: boolean | undefined
  /** Whether blobs and manifests can be deleted. Default: yes. */
  readonly deletes?: boolean | undefined
  /** How many tags, repositories or referrers it lists at once, also where more are asked for. Default: any number. */
  readonly largestPage?: number | undefined
}

/**
 * An empty registry. It verifies what it is given: digests, the bounds of
 * uploads, and that what a manifest points to is there, but its subject. It
 * keeps the bytes that arrived before a connection was lost.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<MemoryRegistry, never, Hasher.Hasher> =>
  Effect.map(Hasher.Hasher, (hasher) => {
    const state: State = {
      repositories: new Map(),
      uploads: new Map(),
      started: 0,
      referrers: options.referrers ?? true,
      deletes: options.deletes ?? true,
      largestPage: options.largestPage ?? Infinity
    }
    return {
      respond: (request) =>
        Either.match(http.target(request.url), {
          onLeft: () => Effect.succeed(http.refusal("NAME_INVALID", "the path or the query is not well-formed")),
          onRight: ({ path, query }) =>
            Effect.map(
              routes.handle(state, hasher, { ...request, path, query }),
              (response) => request.method === "HEAD" ? { ...response, body: new Uint8Array() } : response
            )
        })
    }
  })

/**
 * A connection between a client and what answers it was lost.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionLost
  extends Schema.TaggedError<ConnectionLost>("@ociman/registry/MemoryRegistry/ConnectionLost")(
    "ConnectionLost",
    { detail: Schema.String, cause: Schema.optional(Schema.Defect) }
  )
{
  override get message(): string {
    return `The connection was lost: ${this.detail}`
  }
}

/**
 * A request as it arrives from a client, see {@link httpClient}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientRequest extends Request<ConnectionLost> {
  /** `http` or `https`. */
  readonly scheme: string
  /** The name of the server, with its port unless that is the usual one. */
  readonly host: string
}

/**
 * What answers the requests of a client. If it fails, the connection is lost
 * before there was an answer, and if a body fails, in the middle of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (request: ClientRequest) => Effect.Effect<
  Omit<Response, "body"> & { readonly body: Uint8Array | Stream.Stream<Uint8Array, ConnectionLost> },
  ConnectionLost
>

/**
 * An HTTP client without a network: a function answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpClient = (handler: Handler): HttpClient.HttpClient =>
  client.httpClient(
    handler,
    (cause) => new ConnectionLost({ detail: "the body of the request failed", cause })
  )
