/**
 * An in-memory registry: the distribution protocol as a function from requests to responses.
 *
 * `Registry.layerMemory` is a client of such registries. Test servers use it for their successful responses.
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
import * as client from "../internal/memoryRegistry/client.js"
import * as http from "../internal/memoryRegistry/http.js"
import * as routes from "../internal/memoryRegistry/routes.js"
import type { State } from "../internal/memoryRegistry/state.js"

/**
 * A request as the server receives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<out E = never> {
  readonly method: string
  /** Path and query as sent on the wire. */
  readonly url: string
  readonly headers: Headers.Headers
  /** An error of the body, such as a lost connection, becomes the error of the response. */
  readonly body: Stream.Stream<Uint8Array, E>
}

/**
 * A response of the registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly status: number
  /** Includes `content-length` unless the status forbids a body; also in a response to `HEAD`. */
  readonly headers: Headers.Headers
  /** Empty in a response to `HEAD`. */
  readonly body: Uint8Array
}

/**
 * An in-memory registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemoryRegistry {
  /** Handles a request. A refused request is a response with an error status, not a failure. */
  readonly respond: <E>(request: Request<E>) => Effect.Effect<Response, E>
}

/**
 * Options of {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** If true, implements the referrers API of distribution-spec 1.1. Default: true. */
  readonly referrers?: boolean | undefined
  /** If true, allows deleting blobs and manifests. Default: true. */
  readonly deletes?: boolean | undefined
  /** Maximum number of tags, repositories or referrers on a page, even if the request asks for more. Default: none. */
  readonly largestPage?: number | undefined
}

/**
 * Creates an empty registry. It verifies digests, upload ranges, and that the contents referenced by a manifest exist
 * (except its subject). Bytes received before a lost connection are kept.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<MemoryRegistry, never, Hasher.Hasher> =>
  Effect.map(Hasher.Hasher, (hasher) => {
    const state: State = {
      repositories: new Map(),
      uploads: new Map(),
      uploadCount: 0,
      referrers: options.referrers ?? true,
      deletes: options.deletes ?? true,
      largestPage: options.largestPage ?? Infinity
    }
    return {
      respond: (request) =>
        Either.match(http.target(request.url), {
          onLeft: () => Effect.succeed(http.errorResponse("NAME_INVALID", "the path or the query is malformed")),
          onRight: ({ path, query }) =>
            Effect.map(
              routes.handle(state, hasher, { ...request, path, query }),
              (response) => request.method === "HEAD" ? { ...response, body: new Uint8Array() } : response
            )
        })
    }
  })

/**
 * The connection between client and server was lost.
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
 * A request of {@link httpClient}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientRequest extends Request<ConnectionLost> {
  /** `http` or `https`. */
  readonly scheme: string
  /** Host name of the server, with the port unless it is the default port of the scheme. */
  readonly host: string
}

/**
 * A function that handles requests of {@link httpClient}. Its failure appears as a connection lost before the response,
 * and a failure of the response body as a connection lost in the middle of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (request: ClientRequest) => Effect.Effect<
  Omit<Response, "body"> & { readonly body: Uint8Array | Stream.Stream<Uint8Array, ConnectionLost> },
  ConnectionLost
>

/**
 * Creates an HTTP client whose requests are handled by a function instead of a network.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpClient = (handler: Handler): HttpClient.HttpClient =>
  client.httpClient(
    handler,
    (cause) => new ConnectionLost({ detail: "the body of the request failed", cause })
  )
