import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Schedule, Stream } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import { client, listen, remembering, send } from "./servers.js"

const MiB = 1024 * 1024

/** An endless body that counts the bytes that were pulled. */
const endless = () => {
  const read = { pieces: 0, isClosed: false }
  const piece = new Uint8Array(MiB / 4)
  const stream = Stream.repeatEffect(Effect.sync(() => {
    read.pieces++
    return piece
  })).pipe(Stream.ensuring(Effect.sync(() => {
    read.isClosed = true
  })))
  return { read, stream }
}

const put = (port: number, stream: Stream.Stream<Uint8Array, unknown>, length = 1024 * MiB) =>
  HttpClientRequest.put(`http://127.0.0.1:${port}/`).pipe(
    HttpClientRequest.setBody(HttpBody.stream(stream)),
    HttpClientRequest.setHeader("content-length", String(length))
  )

/** A server that works on sockets, and all that it has. */
const raw = (onConnection: (socket: Net.Socket) => void) =>
  Effect.gen(function*() {
    const open = new Set<Net.Socket>()
    let count = 0
    const server = Net.createServer((socket) => {
      count++
      open.add(socket)
      socket.on("close", () => open.delete(socket))
      socket.on("error", () => undefined)
      onConnection(socket)
    })
    const port = yield* listen(server)
    return { port, open, count: () => count }
  })

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ until: (_) => _, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => new Error("it did not come to be") }),
    Effect.orDie
  )

const get = (port: number) => HttpClientRequest.get(`http://127.0.0.1:${port}/`)

const bounded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => new Error("it hangs") }),
    Effect.catchIf((error) => error instanceof Error && error.message === "it hangs", Effect.die)
  )

describe("a response that arrives before the request body is sent", () => {
  it.scopedLive.each([401, 413])(
    "with status %i is returned, and ends the body and the connection",
    (status) =>
      Effect.gen(function*() {
        // It reads no more of the body than what came with the headers.
        const { count, open, port } = yield* raw((socket) => {
          socket.once("data", () => {
            socket.pause()
            socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`)
          })
        })
        const { read, stream } = endless()
        yield* Effect.gen(function*() {
          const http = yield* HttpClient.HttpClient
          const response = yield* http.execute(put(port, stream))
          assert.strictEqual(response.status, status)
          assert.strictEqual(yield* response.text, "no")
          assert.isTrue(read.isClosed)
          assert.isBelow(read.pieces, 100)
          yield* http.execute(get(port))
          assert.strictEqual(count(), 2)
          // The server reads on, and sees the end of it.
          for (const socket of open) socket.resume()
          yield* until(() => open.size <= 1)
        }).pipe(Effect.provide(client()), bounded)
      })
  )
})

describe("a connection that the server closes", () => {
  it.scopedLive.each([
    ["before an answer", ""],
    ["in the headers of an answer", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["after what is no answer", "hello\r\n\r\n"],
    ["after an answer of another protocol", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"]
  ])("%s fails the request, and ends the body", ([, words]) =>
    Effect.gen(function*() {
      const { port } = yield* raw((socket) => {
        socket.once("data", () => {
          socket.pause()
          socket.end(words, () => socket.destroy())
        })
      })
      const { read, stream } = endless()
      const error = yield* send(put(port, stream)).pipe(Effect.flip, Effect.provide(client()), bounded)
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
      assert.isTrue(read.isClosed)
      const other = yield* send(get(port)).pipe(Effect.flip, Effect.provide(client()), bounded)
      assert.strictEqual(other._tag, "RequestError")
    }))

  it.scopedLive("within a response body fails its reader", () =>
    Effect.gen(function*() {
      const { port } = yield* raw((socket) => {
        socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
      })
      yield* Effect.gen(function*() {
        const http = yield* HttpClient.HttpClient
        const whole = yield* Effect.flip(Effect.flatMap(http.execute(get(port)), (_) => _.text))
        assert.strictEqual(whole._tag, "ResponseError")
        const parts: Array<string> = []
        const streamed = yield* Effect.flatMap(http.execute(get(port)), (_) =>
          Stream.runForEach(_.stream, (part) => Effect.sync(() => parts.push(new TextDecoder().decode(part))))).pipe(
            Effect.flip
          )
        assert.strictEqual(streamed._tag, "ResponseError")
        assert.strictEqual(parts.join(""), "half")
        // Also where it was closed long before anybody read it.
        const late = yield* http.execute(get(port))
        yield* Effect.sleep("50 millis")
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(late.stream)))._tag, "ResponseError")
      }).pipe(Effect.provide(client()), bounded)
    }))
})

describe("connecting", () => {
  const limited = client({ connectTimeout: "200 millis" })

  it.scopedLive("has a time limit for the TLS handshake", () =>
    Effect.gen(function*() {
      const { open, port } = yield* raw((socket) => socket.resume())
      const error = yield* send(HttpClientRequest.get(`https://127.0.0.1:${port}/`)).pipe(
        Effect.flip,
        Effect.provide(limited),
        bounded
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.include(String(error.cause), "no connection within 200ms")
      yield* until(() => open.size === 0)
    }))

  it.scopedLive("is the only step with a time limit", () =>
    Effect.gen(function*() {
      const port = yield* listen(Http.createServer((request, response) => {
        request.resume()
        setTimeout(() => response.end("late"), 300)
      }))
      const answers = yield* Effect.all([send(get(port)), send(get(port))]).pipe(Effect.provide(limited), bounded)
      assert.deepStrictEqual(answers, ["late", "late"])
    }))
})

describe("interruption", () => {
  it.scopedLive.each([["nothing", undefined], ["a body", endless().stream]] as const)(
    "while %s is sent leaves no connection",
    ([, body]) =>
      Effect.gen(function*() {
        const { open, port } = yield* raw((socket) => socket.pause())
        yield* Effect.gen(function*() {
          const sending = yield* Effect.fork(send(body === undefined ? get(port) : put(port, body)))
          yield* until(() => open.size === 1)
          yield* Fiber.interrupt(sending)
          for (const socket of open) socket.resume()
          yield* until(() => open.size === 0)
        }).pipe(Effect.provide(client()), bounded)
      })
  )

  it.scopedLive("at any moment does not affect other requests", () =>
    Effect.gen(function*() {
      const { open, port } = yield* raw((socket) => socket.resume())
      yield* Effect.gen(function*() {
        for (let ticks = 0; ticks < 30; ticks++) {
          const sending = yield* Effect.fork(send(put(port, endless().stream)))
          for (let turn = 0; turn < ticks; turn++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(sending)
        }
        yield* until(() => open.size === 0)
      }).pipe(Effect.provide(client()), bounded)
    }))

  it.scopedLive.each(["stream", "arrayBuffer"] as const)(
    "while a body is read as %s leaves no connection",
    (way) =>
      Effect.gen(function*() {
        const { open, port } = yield* raw((socket) => {
          socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
        })
        yield* Effect.gen(function*() {
          const http = yield* HttpClient.HttpClient
          const response = yield* http.execute(get(port))
          const begun = yield* Deferred.make<void>()
          const reading = yield* Effect.fork(
            way === "stream"
              ? Stream.runForEach(response.stream, () => Deferred.succeed(begun, undefined))
              : Effect.zipRight(Deferred.succeed(begun, undefined), response.arrayBuffer)
          )
          yield* Deferred.await(begun)
          assert.strictEqual(open.size, 1)
          yield* Fiber.interrupt(reading)
          yield* until(() => open.size === 0)
        }).pipe(Effect.provide(client()), bounded)
      })
  )

  it.scopedLive("and a consumer that stops early leave no connection", () =>
    Effect.gen(function*() {
      const { open, port } = yield* raw((socket) => {
        socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
      })
      yield* Effect.gen(function*() {
        const http = yield* HttpClient.HttpClient
        const response = yield* http.execute(get(port))
        yield* Stream.runDrain(Stream.take(response.stream, 1))
        yield* until(() => open.size === 0)
      }).pipe(Effect.provide(client()), bounded)
    }))
})

describe("a request that cannot be sent", () => {
  const failing: ReadonlyArray<readonly [string, Stream.Stream<Uint8Array, string>]> = [
    ["fails", Stream.fail("no disk")],
    ["dies", Stream.die("no disk")]
  ]

  it.scopedLive.each(failing)("because its source %s fails with that", ([, end]) =>
    Effect.gen(function*() {
      const { open, port } = yield* raw((socket) => socket.resume())
      yield* Effect.gen(function*() {
        const exit = yield* Effect.exit(send(put(port, Stream.concat(Stream.make(new Uint8Array(10)), end))))
        assert.isTrue(Exit.isFailure(exit))
        const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
        const error = Cause.squash(cause)
        assert.include(typeof error === "object" ? JSON.stringify(error) : String(error), "no disk")
        yield* until(() => open.size === 0)
      }).pipe(Effect.provide(client()), bounded)
    }))

  it.scopedLive("because of an unsupported body type fails", () =>
    Effect.gen(function*() {
      const { port } = yield* raw((socket) => socket.resume())
      const error = yield* send(HttpClientRequest.bodyFormDataRecord(get(port), { a: "b" })).pipe(
        Effect.flip,
        Effect.provide(client()),
        bounded
      )
      assert.strictEqual(error.reason, "Encode")
    }))

  it.scopedLive("because of invalid headers fails without showing them", () =>
    Effect.gen(function*() {
      const { count, port } = yield* raw((socket) => socket.resume())
      const request = HttpClientRequest.setHeader(get(port), "authorization", "secret\r\nx: y")
      const error = yield* send(request).pipe(Effect.flip, Effect.provide(client()), bounded)
      assert.strictEqual(error.reason, "Encode")
      assert.include(String(error.cause), "authorization")
      assert.notInclude(String(error.cause), "secret")
      assert.strictEqual(count(), 0)
    }))
})

describe("the client", () => {
  it.scopedLive("leaves no connection when it is closed", () =>
    Effect.gen(function*() {
      const sockets = new Set<Net.Socket>()
      const server = Http.createServer(remembering([]))
      server.on("connection", (socket: Net.Socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      const port = yield* listen(server)
      const silent = yield* raw((socket) => socket.resume())
      const warnings: Array<string> = []
      const warn = (warning: Error) => warnings.push(warning.message)
      process.on("warning", warn)
      const cut = yield* Effect.gen(function*() {
        yield* Effect.forEach(Array.from({ length: 200 }, () => get(port)), send, { concurrency: 50 })
        assert.isAtMost(sockets.size, 50)
        assert.isAbove(sockets.size, 0)
        // No fiber waits for it when the client closes.
        const cut = yield* Effect.forkDaemon(send(get(silent.port)))
        yield* until(() => silent.open.size === 1)
        return cut
      }).pipe(Effect.provide(client()), bounded)
      yield* until(() => sockets.size === 0 && silent.open.size === 0)
      assert.isTrue(Exit.isFailure(yield* bounded(Fiber.await(cut))))
      process.off("warning", warn)
      assert.deepStrictEqual(warnings, [])
    }))

  it.scopedLive("reads a bounded amount ahead of a slow consumer", () =>
    Effect.gen(function*() {
      let written = 0
      const piece = Buffer.alloc(MiB)
      const port = yield* listen(Http.createServer((request, response) => {
        request.resume()
        const more = () => {
          while (!response.destroyed) {
            written += piece.length
            if (!response.write(piece)) break
          }
        }
        response.on("drain", more)
        more()
      }))
      yield* Effect.gen(function*() {
        const http = yield* HttpClient.HttpClient
        const response = yield* http.execute(get(port))
        yield* response.stream.pipe(
          Stream.take(1),
          Stream.runForEach(() =>
            Effect.gen(function*() {
              let before = -1
              while (before !== written) {
                before = written
                yield* Effect.sleep("200 millis")
              }
            })
          )
        )
        assert.isBelow(written, 40 * MiB)
      }).pipe(Effect.provide(client()), bounded)
    }))
})
