import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertSome, strictEqual } from "@effect/vitest/utils"
import { Backend, Container, Definition, Exec, Port } from "@ociman/containers"
import { Deferred, Effect, Fiber, HashMap, Logger, LogLevel, type Scope, Stream } from "effect"
import { busyboxImage, status } from "../support/busybox.js"
import { isGone, layer, PrivateDocker } from "../support/PrivateDocker.js"

const idle = Definition.command("trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.05; done")

/** Runs a test on a private daemon and returns the logged warnings. */
const onDaemon = <A, E>(
  test: Effect.Effect<A, E, Backend.Backend | PrivateDocker | NodeContext.NodeContext | Scope.Scope>,
  tcp?: string
) =>
  Effect.suspend(() => {
    const warnings: Array<string> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) {
        warnings.push([message, ...HashMap.values(annotations)].join(" "))
      }
    })
    return Effect.scoped(test).pipe(
      Effect.provide(layer(tcp)),
      Effect.provide(NodeContext.layer),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.map((result) => ({ result, warnings }))
    )
  })

describe("a private Docker daemon", () => {
  it.live("that is killed fails the operations of a program with BackendUnavailable, and none hangs", () =>
    Effect.gen(function*() {
      const { result, warnings } = yield* onDaemon(Effect.gen(function*() {
        const { daemon } = yield* PrivateDocker
        const container = yield* Container.start(idle(yield* busyboxImage))
        const running = yield* Deferred.make<void>()
        const command = Exec.make("/bin/busybox", "sh", "-c", "echo started; while :; do /bin/busybox sleep 1; done")
        const exec = yield* container.execStream(command).pipe(
          Stream.tap(() => Deferred.succeed(running, undefined)),
          Stream.runDrain,
          Effect.flip,
          Effect.fork
        )
        yield* Deferred.await(running)
        yield* daemon.kill("SIGKILL")

        const during = yield* Fiber.join(exec)
        assert.isTrue(isGone(during), String(during))
        const after = yield* Effect.flip(container.state)
        assert.isTrue(isGone(after), String(after))
        if (isGone(after)) {
          strictEqual(after.probes[0].reason, "DaemonDown")
          assert.match(after.message, /^Container\.inspect: the engine is gone\.\n- docker: does not answer/)
        }
        return container.id
      }))
      // Resources that cannot be removed are named in a warning.
      assert.isTrue(warnings.some((warning) => warning.includes(result)), warnings.join("\n"))
    }))

  it.live("that is stopped fails the operations of a program with BackendUnavailable", () =>
    onDaemon(Effect.gen(function*() {
      const { daemon } = yield* PrivateDocker
      const definition = yield* busyboxImage
      const container = yield* Container.start(idle(definition))
      yield* daemon.kill("SIGTERM")
      yield* daemon.exitCode
      const errors = yield* Effect.all([
        Effect.flip(container.exec(Exec.make("/bin/busybox", "true"))),
        Effect.flip(container.logs().pipe(Stream.runDrain)),
        Effect.flip(container.wait),
        Effect.flip(container.stop()),
        Effect.flip(Effect.scoped(Container.start(definition)))
      ], { concurrency: "unbounded" })
      for (const error of errors) assert.isTrue(isGone(error), String(error))
    })))

  it.live("on a TCP endpoint publishes ports that are reachable from this machine", () =>
    onDaemon(
      Effect.gen(function*() {
        const { engine } = yield* Backend.Backend
        const definition = yield* busyboxImage
        const container = yield* definition.pipe(
          Definition.command("/bin/busybox httpd -f -p 8080 -h /bin"),
          Definition.publish(Port.tcp(8080)),
          Container.start
        )
        const { host, port } = yield* container.address(8080)
        strictEqual(host, "127.0.0.2")
        assertSome(engine.remoteHost, "127.0.0.2")
        strictEqual(yield* status(`http://${host}:${port}/busybox`).pipe(Effect.retry({ times: 50 })), 200)
      }),
      "tcp://127.0.0.2:23750"
    ))
})
