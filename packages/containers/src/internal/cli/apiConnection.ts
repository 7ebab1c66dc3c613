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
 * Connection to the engine's HTTP API, opened by the engine's client. It is used
 * for information that no command of the client prints, for example whether a
 * command in a container has ended.
 *
 * @internal
 */
export interface Connection {
  /** Sends a GET request. A path without a version selects the engine's own API version. */
  readonly get: (path: string) => Effect.Effect<HttpResponse.Response, ConnectionError>
}

/** @internal */
export type ConnectionError = CommandFailed.CommandFailed | Disconnected | HttpResponse.Malformed

/**
 * Error of a connection that ended before the response did.
 *
 * @internal
 */
export interface Disconnected {
  readonly _tag: "Disconnected"
  /** Standard error of the client. */
  readonly detail: string
  /** True if the engine had sent at least one byte. */
  readonly hadAnswered: boolean
}

const detailLimit = 16 * 1024

/**
 * Makes a connection that is opened on first use, shared by concurrent requests, and closed after 2 idle seconds. A
 * connection that has failed, or whose response was not read to its end, is replaced.
 *
 * @internal
 */
export const shared = Effect.fnUntraced(function*(client: Client): Effect.fn.Return<Connection, never, Scope.Scope> {
  const semaphore = Effect.unsafeMakeSemaphore(1)
  const current = yield* RcRef.make({ acquire: open(client), idleTimeToLive })
  return {
    get: (path) =>
      // An interruption while the reference is acquired would leak it.
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(RcRef.get(current), (connection) => restore(connection.get(path)))
      ).pipe(
        Effect.scoped,
        Effect.onError(() => RcRef.invalidate(current)),
        semaphore.withPermits(1)
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
    // The connection is opened in an uninterruptible region, and its scope interrupts this fiber before the client.
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
    // HTTP/1.1 requires a host; engines ignore its value.
    get: (path) =>
      Effect.zipRight(
        requests.offer(`GET ${path} HTTP/1.1\r\nHost: engine\r\n\r\n`),
        HttpResponse.read(source)
      )
  }
})
