import { HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { NodeHasher } from "@ociman/node"
import { type Credential, Credentials, Registry, Repository } from "@ociman/registry"
import { Effect, Layer, Stream } from "effect"

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** The connection is cut after the body. */
  readonly isCut?: boolean
}

/** Response of a server to a request; without a reply it closes the connection. */
export type Script = (request: Received, earlier: ReadonlyArray<Received>) => Reply | undefined

const received = (request: Parameters<Parameters<typeof HttpClient.make>[0]>[0]): Effect.Effect<Received> => {
  const { body, headers, method, url } = request
  const text = body._tag === "Uint8Array"
    ? Effect.succeed(Buffer.from(body.body).toString("latin1"))
    : body._tag === "Stream"
    ? Stream.runFold(body.stream, "", (all, part) => all + Buffer.from(part).toString("latin1"))
    : Effect.succeed("")
  return Effect.map(Effect.orDie(text), (body) => ({ method, url, headers, body }))
}

/** A response whose body can be read once, as over a network. */
const readOnce = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse => {
  let isRead = false
  const take = <A>(body: A) => {
    if (isRead) throw new Error("the body of a response is read twice")
    isRead = true
    return body
  }
  return new Proxy(response, {
    get: (target, name) =>
      name === "stream"
        ? Stream.suspend(() => take(target.stream))
        : name === "arrayBuffer"
        ? Effect.suspend(() => take(target.arrayBuffer))
        : Reflect.get(target, name, target)
  })
}

/** A network on which every host is one script. */
export const network = (script: Script) => {
  const requests: Array<Received> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function*() {
      const asked = yield* Effect.mapError(
        Effect.sandbox(received(request)),
        (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
      )
      const reply = script(asked, requests)
      requests.push(asked)
      if (reply === undefined) {
        return yield* new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
        })
      }
      const bytes = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body ?? new Uint8Array(0)
      const content = reply.isCut === true
        ? new ReadableStream({
          start: (controller) => {
            if (bytes.length > 0) controller.enqueue(bytes)
          },
          pull: (controller) => controller.error(Object.assign(new Error("terminated"), { code: "UND_ERR_SOCKET" }))
        })
        : bytes
      const isEmpty = request.method === "HEAD" || reply.status === 204
      return readOnce(HttpClientResponse.fromWeb(
        request,
        new Response(isEmpty ? null : content, { status: reply.status, headers: reply.headers ?? {} })
      ))
    })
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export const services = (
  http: Layer.Layer<HttpClient.HttpClient>,
  credentials: Iterable<readonly [string, Credential.Credential]> = [],
  options: Registry.Options = {}
): Layer.Layer<Registry.Registry> =>
  Registry.layer({ retryDelay: "1 millis", ...options }).pipe(
    Layer.provide([
      http,
      NodeHasher.layer,
      Credentials.layerMemory(Array.from(credentials, ([key, credential]) => [Repository.registryKey(key), credential]))
    ])
  )

/** The request line, as a test wants to see it. */
export const lines = (requests: ReadonlyArray<Received>): ReadonlyArray<string> =>
  requests.map(({ method, url }) => `${method} ${url}`)
