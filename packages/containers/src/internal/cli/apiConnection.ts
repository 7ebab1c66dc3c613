import * as Captured from "@ociman/process/Captured"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberHandle from "effect/FiberHandle"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ByteSource from "./byteSource.js"
import type { Client } from "./client.js"
import * as HttpResponse from "./httpResponse.js"

/**
 * Connection to the engine's HTTP API, opened by the engine's client. It is used
 * for information that no command of the client prints, for example whether a
 * command in a container has ended.
 */
export interface Connection {
  /** Sends a GET request. A path without a version selects the engine's own API version. */
  readonly get: (path: string) => Effect.Effect<HttpResponse.Response, ConnectionError>
}

export type ConnectionError = CommandFailed.CommandFailed | Disconnected | HttpResponse.Malformed

/**
 * Error of a connection that ended before the response did.
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
 * Not an `RcRef`, whose closing of an idle resource that was invalidated leaves its successor open.
 */
export const shared = Effect.fnUntraced(function*(
  client: Pick<Client, "dial">
): Effect.fn.Return<Connection, never, Scope.Scope> {
  const owner = yield* Effect.scope
  const semaphore = Effect.unsafeMakeSemaphore(1)
  const current = yield* Ref.make(Option.none<Opened>())
  const idle = yield* FiberHandle.make()

  const close = Effect.flatMap(
    Ref.getAndSet(current, Option.none()),
    Option.match({ onNone: () => Effect.void, onSome: ({ scope }) => Scope.close(scope, Exit.void) })
  )

  const connect = Effect.gen(function*() {
    const scope = yield* Scope.fork(owner, ExecutionStrategy.sequential)
    const connection = yield* open(client).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    yield* Ref.set(current, Option.some({ connection, scope }))
    return connection
  })

  const acquire = Effect.flatMap(
    Ref.get(current),
    Option.match({ onNone: () => connect, onSome: ({ connection }) => Effect.succeed(connection) })
  )

  const closeWhenIdle = FiberHandle.run(
    idle,
    // A request that holds the permit interrupts this fiber, so it is interrupted only before it closes the connection.
    Effect.interruptible(Effect.delay(semaphore.withPermits(1)(close), idleTimeToLive))
  )

  return {
    get: (path) =>
      Effect.uninterruptibleMask((restore) =>
        FiberHandle.clear(idle).pipe(
          Effect.zipRight(acquire),
          Effect.flatMap((connection) => restore(connection.get(path))),
          Effect.onError(() => close),
          Effect.tap(closeWhenIdle)
        )
      ).pipe(semaphore.withPermits(1))
  }
})

interface Opened {
  readonly connection: Connection
  readonly scope: Scope.CloseableScope
}

const idleTimeToLive = "2 seconds"

const open = Effect.fnUntraced(function*(
  client: Pick<Client, "dial">
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
