import * as Captured from "@ociman/process/Captured"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as RcRef from "effect/RcRef"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ByteSource from "./byteSource.js"
import type { Client } from "./client.js"
import * as HttpResponse from "./httpResponse.js"

/**
 * Connection to the engine's HTTP API, made by the engine's client. It serves
 * for what the client's commands do not tell, such as whether a command in a
 * container has ended.
 *
 * @internal
 */
export interface Connection {
  /** Sends a GET request; the path has no version, so that every engine answers in its own. */
  readonly get: (path: string) => Effect.Effect<HttpResponse.Response, ConnectionError>
}

/** @internal */
export type ConnectionError = CommandFailed.CommandFailed | Disconnected | HttpResponse.Malformed

/**
 * The connection ended before the answer did.
 *
 * @internal
 */
export interface Disconnected {
  readonly _tag: "Disconnected"
  /** What the client wrote to standard error. */
  readonly detail: string
  /** Reports whether the engine had sent anything. */
  readonly hadAnswered: boolean
}

const detailLimit = 16 * 1024

/**
 * Makes a connection that is opened when it is first needed, is shared by all who use it, and is closed when it has
 * been idle for a while. One that has failed, or whose answer was not read to its end, is not used again.
 *
 * @internal
 */
export const shared = Effect.fnUntraced(function*(client: Client): Effect.fn.Return<Connection, never, Scope.Scope> {
  const turn = Effect.unsafeMakeSemaphore(1)
  const current = yield* RcRef.make({ acquire: open(client), idleTimeToLive })
  return {
    get: (path) =>
      // A reference that is interrupted while it is taken would never be given back.
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(RcRef.get(current), (connection) => restore(connection.get(path)))
      ).pipe(
        Effect.scoped,
        Effect.onError(() => RcRef.invalidate(current)),
        turn.withPermits(1)
      )
  }
})

const idleTimeToLive = "2 seconds"

const open = Effect.fnUntraced(function*(
  client: Client
): Effect.fn.Return<Connection, CommandFailed.CommandFailed, Scope.Scope> {
  const requests = yield* Mailbox.make<string>()
  const process = yield* client.dial(Stream.encodeText(Mailbox.toStream(requests)))
  const stderr = Captured.make(detailLimit)
  const errors = yield* process.stderr.pipe(
    Stream.runForEach((bytes) => Effect.sync(() => stderr.write(bytes))),
    // The connection is opened where nothing can be interrupted, and its scope ends this fiber before the client.
    Effect.interruptible,
    Effect.forkScoped
  )
  const source: ByteSource.Source<ConnectionError> = yield* ByteSource.make(
    process.stdout,
    Effect.flatMap(
      Effect.zipRight(Fiber.join(errors), process.exitCode),
      () =>
        Effect.fail<Disconnected>({
          _tag: "Disconnected",
          detail: stderr.result().text.trim(),
          hadAnswered: source.hasBegun()
        })
    )
  )
  return {
    // Engines want a host, and look at none.
    get: (path) =>
      Effect.zipRight(
        requests.offer(`GET ${path} HTTP/1.1\r\nHost: engine\r\n\r\n`),
        HttpResponse.read(source)
      )
  }
})
