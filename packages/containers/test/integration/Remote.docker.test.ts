import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertSome, strictEqual } from "@effect/vitest/utils"
import { Backend, EngineBackend } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { ConfigProvider, Effect, Layer, type Scope } from "effect"
import { makeDaemon, withVariables } from "../support/PrivateDocker.js"
import { certificates, freePort, isServedAt, sshServer } from "../support/remote.js"

const settings = (values: Record<string, string>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(values))))

/** Runs a test on the Docker of these settings, without the variables of this process. */
const onDocker = <A, E>(
  values: Record<string, string>,
  test: Effect.Effect<A, E, Backend.Backend | NodeContext.NodeContext | Scope.Scope>
) => Effect.scoped(test).pipe(Effect.provide(Layer.provide(EngineBackend.layerDocker, settings(values))))

const host = "127.0.0.2"

const tlsDaemon = Effect.gen(function*() {
  const { directory, server } = yield* certificates(host)
  const dockerHost = `tcp://${host}:${yield* freePort(host)}`
  yield* makeDaemon(dockerHost, server)
  return { directory, dockerHost }
})

const docker = (config: string, ...args: ReadonlyArray<string>) =>
  Subprocess.run(Command.make("docker", "--config", config, ...args))

describe("a remote Docker", () => {
  it.scopedLive(
    "over TCP with TLS is reached by variables and by a context, and publishes at its host",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { directory, dockerHost } = yield* tlsDaemon
        const byHost = { DOCKER_HOST: dockerHost, DOCKER_TLS_VERIFY: "1" }
        yield* onDocker(
          { ...byHost, DOCKER_CERT_PATH: directory },
          Effect.gen(function*() {
            const { engine } = yield* Backend.Backend
            assertSome(engine.endpoint, dockerHost)
            assertSome(engine.context, "default")
            assertSome(engine.remoteHost, host)
            yield* isServedAt(host)
          })
        )

        // A client without a certificate is rejected by the daemon.
        const untrusted = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-untrusted-" })
        yield* fs.copyFile(`${directory}/ca.pem`, `${untrusted}/ca.pem`)
        const error = yield* Effect.flip(onDocker({ ...byHost, DOCKER_CERT_PATH: untrusted }, Effect.void))
        assert.match(error.message, /certificate/)

        const config = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-config-" })
        const tls = `ca=${directory}/ca.pem,cert=${directory}/cert.pem,key=${directory}/key.pem`
        yield* docker(config, "context", "create", "remote", "--docker", `host=${dockerHost},${tls}`)
        yield* docker(config, "context", "use", "remote")
        yield* onDocker(
          { DOCKER_CONFIG: config },
          Effect.gen(function*() {
            const { engine } = yield* Backend.Backend
            assertSome(engine.endpoint, dockerHost)
            assertSome(engine.context, "remote")
            const container = yield* isServedAt(host)
            // A change of the current context does not affect a running program.
            yield* docker(config, "context", "use", "default")
            strictEqual((yield* container.state).status, "running")
            yield* isServedAt(host)
          })
        )
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("over SSH is reached at the host that the SSH configuration assigns to its name", () =>
    Effect.gen(function*() {
      const ssh = yield* sshServer("127.0.0.3")
      yield* onDocker(
        { DOCKER_HOST: `ssh://${ssh.alias}` },
        Effect.gen(function*() {
          const { engine } = yield* Backend.Backend
          assertSome(engine.endpoint, `ssh://${ssh.alias}`)
          assertSome(engine.remoteHost, ssh.host)
          yield* isServedAt(ssh.host)
        })
      ).pipe(Effect.provide(withVariables({ PATH: `${ssh.bin}:${process.env["PATH"]}` })))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.live("of a missing context fails with the name of the context", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(onDocker({ DOCKER_CONTEXT: "no-such-context" }, Effect.void))
      assert.match(error.message, /no-such-context/)
    }).pipe(Effect.provide(NodeContext.layer)))
})
