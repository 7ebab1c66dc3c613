/** Responses of `node:http` as responses of `HttpClient`. */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingMessage } from "node:http"

/** Number of buffered bytes at which reading pauses. */
const highWaterMark = 1024 * 1024

/**
 * Streams the body. Buffers that arrive in one iteration of the event loop form one chunk, since processing a chunk costs
 * hardly more than processing a single buffer.
 */
const pieces = <E>(source: IncomingMessage, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.suspend(() => {
    let held: Array<Uint8Array> = []
    let size = 0
    let wake: () => void = constVoid

    source.on("data", (piece: Uint8Array) => {
      held.push(piece)
      size += piece.length
      if (size >= highWaterMark) source.pause()
      wake()
    })
    for (const event of ["end", "error", "close"]) source.on(event, () => wake())

    const take = (): Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<E>> | undefined => {
      if (held.length > 0) {
        const chunk = Chunk.unsafeFromArray(held)
        held = []
        size = 0
        source.resume()
        return Effect.succeed(chunk)
      }
      if (source.readableEnded) return Effect.fail(Option.none())
      return source.destroyed
        ? Effect.fail(Option.some(onError(source.errored ?? closed())))
        : undefined
    }

    const next = Effect.async<Chunk.Chunk<Uint8Array>, Option.Option<E>>((resume) => {
      let turn: NodeJS.Immediate | undefined = undefined
      const stop = () => {
        wake = constVoid
        clearImmediate(turn)
      }
      wake = () => {
        turn ??= setImmediate(() => {
          turn = undefined
          const result = take()
          if (result === undefined) return
          stop()
          resume(result)
        })
      }
      wake()
      return Effect.sync(stop)
    })

    const destroyed = Effect.sync(() => {
      if (!source.readableEnded) source.destroy()
    })
    return Stream.ensuring(Stream.repeatEffectChunkOption(next), destroyed)
  })

/** Collects the body at once. */
const collect = <E>(source: IncomingMessage, onError: (cause: unknown) => E): Effect.Effect<ArrayBuffer, E> =>
  Effect.async((resume) => {
    const parts: Array<Uint8Array> = []
    source.on("data", (part: Uint8Array) => parts.push(part))
    source.once("end", () => resume(Effect.succeed(concat(parts))))
    source.once("close", () => resume(Effect.fail(onError(source.errored ?? closed()))))
    if (source.destroyed) resume(Effect.fail(onError(source.errored ?? closed())))
    return Effect.sync(() => source.destroy())
  })

const closed = () => new Error("the connection was closed")

const concat = (parts: ReadonlyArray<Uint8Array>): ArrayBuffer => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes.buffer
}

/** A response. */
export class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly status: number
  readonly headers: Headers.Headers
  readonly request: HttpClientRequest
  readonly #source: IncomingMessage
  #bytes: ArrayBuffer | undefined

  constructor(request: HttpClientRequest, source: IncomingMessage) {
    super()
    this.request = request
    this.status = source.statusCode ?? 0
    this.headers = headersOf(source)
    this.#source = source
    // An error event without a listener would end the program.
    source.on("error", constVoid)
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.#source.headers["set-cookie"] ?? [])
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.#source.socket.remoteAddress)
  }

  get stream(): Stream.Stream<Uint8Array, ResponseError> {
    return pieces(this.#source, (cause) => this.#undecodable(cause))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, ResponseError> {
    return Effect.suspend(() =>
      this.#bytes === undefined
        ? Effect.tap(collect(this.#source, (cause) => this.#undecodable(cause)), (bytes) => {
          this.#bytes = bytes
        })
        : Effect.succeed(this.#bytes)
    )
  }

  get text(): Effect.Effect<string, ResponseError> {
    return Effect.map(this.arrayBuffer, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<unknown, ResponseError> {
    return this.#decode((text): unknown => text === "" ? null : JSON.parse(text))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, ResponseError> {
    return this.#decode((text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, ResponseError> {
    return this.#undecodable(new Error("forms are not supported"))
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  #decode<A>(decode: (text: string) => A): Effect.Effect<A, ResponseError> {
    return Effect.flatMap(
      this.text,
      (text) => Effect.try({ try: () => decode(text), catch: (cause) => this.#undecodable(cause) })
    )
  }

  #undecodable(cause: unknown): ResponseError {
    return new ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }
}

const headersOf = ({ headers }: IncomingMessage): Headers.Headers =>
  Headers.fromInput(
    Object.entries(headers).map(([name, value = ""]) =>
      [name, Array.isArray(value) ? value.join(", ") : value] as const
    )
  )
