import { CommandExecutor } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Ref, Scope, Stream, TestClock } from "effect"
import * as ApiConnection from "../../src/internal/cli/apiConnection.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

interface Usage {
  readonly opened: number
  readonly open: number
}

/** A client whose n-th connection writes the n-th text and then stays open, or ends if the text is empty. */
const scripted = (...texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const usage = yield* Ref.make<Usage>({ opened: 0, open: 0 })
    const change = (by: number) => Ref.update(usage, ({ open, opened }) => ({ opened, open: open + by }))
    const dial = () =>
      Effect.gen(function*() {
        const text = texts[(yield* Ref.getAndUpdate(usage, (all) => ({ ...all, opened: all.opened + 1 }))).opened] ?? ""
        yield* Effect.acquireRelease(change(1), () => change(-1))
        const rest = text === "" ? Stream.empty : Stream.never
        return {
          pid: CommandExecutor.ProcessId(1),
          exitCode: Effect.succeed(CommandExecutor.ExitCode(1)),
          isRunning: Effect.succeed(true),
          kill: () => Effect.void,
          stdout: Stream.concat(Stream.make(new TextEncoder().encode(text)), rest),
          stderr: Stream.empty
        }
      })
    return { dial, usage: Ref.get(usage) }
  })

describe("the shared connection to the API of an engine", () => {
  it.scoped("is shared by requests and closed after 2 idle seconds", () =>
    Effect.gen(function*() {
      const { dial, usage } = yield* scripted(`${ok}${ok}`, ok)
      const connection = yield* ApiConnection.shared({ dial })
      deepStrictEqual(yield* usage, { opened: 0, open: 0 })
      yield* connection.get("/a")
      yield* TestClock.adjust("1900 millis")
      yield* connection.get("/b")
      yield* TestClock.adjust("1900 millis")
      deepStrictEqual(yield* usage, { opened: 1, open: 1 })
      yield* TestClock.adjust("200 millis")
      deepStrictEqual(yield* usage, { opened: 1, open: 0 })
      yield* connection.get("/c")
      deepStrictEqual(yield* usage, { opened: 2, open: 1 })
    }))

  it.scoped("is replaced after a failure, and the next one is closed when it is idle", () =>
    Effect.gen(function*() {
      const { dial, usage } = yield* scripted("", ok)
      const connection = yield* ApiConnection.shared({ dial })
      strictEqual((yield* Effect.flip(connection.get("/a")))._tag, "Disconnected")
      deepStrictEqual(yield* usage, { opened: 1, open: 0 })
      yield* TestClock.adjust("1 seconds")
      strictEqual((yield* connection.get("/b")).body, "{}")
      yield* TestClock.adjust("1500 millis")
      deepStrictEqual(yield* usage, { opened: 2, open: 1 })
      yield* TestClock.adjust("1 seconds")
      deepStrictEqual(yield* usage, { opened: 2, open: 0 })
    }))

  it.effect("is closed with its scope", () =>
    Effect.gen(function*() {
      const { dial, usage } = yield* scripted(ok)
      const scope = yield* Scope.make()
      const connection = yield* ApiConnection.shared({ dial }).pipe(Effect.provideService(Scope.Scope, scope))
      yield* connection.get("/a")
      deepStrictEqual(yield* usage, { opened: 1, open: 1 })
      yield* Scope.close(scope, Exit.void)
      deepStrictEqual(yield* usage, { opened: 1, open: 0 })
    }))

  it.scoped("is closed after an interrupted request", () =>
    Effect.gen(function*() {
      const { dial, usage } = yield* scripted("HTTP/1.1 200 OK\r\n", ok)
      const connection = yield* ApiConnection.shared({ dial })
      yield* Effect.timeoutOption(connection.get("/a"), "1 seconds").pipe(
        Effect.fork,
        Effect.tap(TestClock.adjust("1 seconds"))
      )
      yield* Effect.yieldNow()
      deepStrictEqual(yield* usage, { opened: 1, open: 0 })
      strictEqual((yield* connection.get("/b")).body, "{}")
    }))
})
