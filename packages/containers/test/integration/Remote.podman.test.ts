import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { Backend, EngineBackend } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { ConfigProvider, Effect, Layer, Schedule, type Scope } from "effect"
import { clientOf } from "../support/clientOf.js"
import { withVariables } from "../support/PrivateDocker.js"
import { daemon, freePort, isServedAt, listening, sshServer } from "../support/remote.js"

/** Runs a test on the engine of these settings, without the variables of this process. */
const onEngine = <A, E>(
  layer: typeof EngineBackend.layerPodman,
  values: Record<string, string>,
  test: Effect.Effect<A, E, Backend.Backend | NodeContext.NodeContext | Scope.Scope>
) =>
  Effect.flatMap(temporary, (directory) =>
    Effect.provide(
      test,
      Layer.provide(layer, Layer.setConfigProvider(settings({ XDG_RUNTIME_DIR: directory, ...values })))
    )).pipe(Effect.scoped)

const settings = (values: Record<string, string>) => ConfigProvider.fromMap(new Map(Object.entries(values)))

const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "ociman-podman-" })
)

const service = (url: string) => daemon(Command.make("podman", "system", "service", "--time=0", url))

/** Starts a service on a private socket. */
const socketService = Effect.gen(function*() {
  const socket = `${yield* temporary}/podman.sock`
  yield* service(`unix://${socket}`)
  yield* Subprocess.run(Command.make("podman", "--url", `unix://${socket}`, "version")).pipe(
    Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds")))
  )
  return socket
})

describe("a remote Podman", () => {
  it.scopedLive("over a socket publishes on this machine", () =>
    Effect.gen(function*() {
      const url = `unix://${yield* socketService}`
      yield* onEngine(
        EngineBackend.layerPodman,
        { CONTAINER_HOST: url },
        Effect.gen(function*() {
          const { engine } = yield* Backend.Backend
          deepStrictEqual([engine.name, clientOf(engine).client], ["podman", "podman"])
          assertSome(engine.endpoint, url)
          assertNone(engine.remoteHost)
          yield* isServedAt("127.0.0.1")
        })
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("over TCP publishes at its host", () =>
    Effect.gen(function*() {
      const host = "127.0.0.4"
      const port = yield* freePort(host)
      yield* service(`tcp://${host}:${port}`)
      yield* listening(host, port)
      yield* onEngine(
        EngineBackend.layerPodman,
        { CONTAINER_HOST: `tcp://${host}:${port}` },
        Effect.gen(function*() {
          assertSome((yield* Backend.Backend).engine.remoteHost, host)
          yield* isServedAt(host)
        })
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("over SSH is reached by the connection of a configuration file, and stays the same when the file changes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const ssh = yield* sshServer("127.0.0.5")
      const url = `ssh://${ssh.user}@${ssh.host}:${ssh.port}${yield* socketService}`
      const conf = `${ssh.directory}/containers.conf`
      const destination = `[engine.service_destinations.far]\nuri = "${url}"\nidentity = "${ssh.key}"\n`
      yield* fs.writeFileString(conf, `[engine]\nremote = true\nactive_service = "far"\n${destination}`)
      yield* onEngine(
        EngineBackend.layerPodman,
        { CONTAINERS_CONF: conf },
        Effect.gen(function*() {
          const { engine } = yield* Backend.Backend
          assertSome(engine.endpoint, url)
          assertSome(engine.context, "far")
          assertSome(engine.remoteHost, ssh.host)
          yield* fs.writeFileString(conf, `[engine]\nremote = true\nactive_service = "gone"\n${destination}`)
          yield* isServedAt(ssh.host)
        })
      ).pipe(Effect.provide(withVariables({ HOME: ssh.directory })))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("behind Docker's client is recognized as Podman", () =>
    Effect.gen(function*() {
      const url = `unix://${yield* socketService}`
      yield* onEngine(
        EngineBackend.layerDocker,
        { DOCKER_HOST: url },
        Effect.gen(function*() {
          const { engine } = yield* Backend.Backend
          deepStrictEqual([engine.name, clientOf(engine).client], ["podman", "docker"])
          assertSome(engine.endpoint, url)
          assertNone(engine.remoteHost)
          yield* isServedAt("127.0.0.1")
        })
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
