import { Command, CommandExecutor, FileSystem, Path } from "@effect/platform"
import { type BackendError, EngineBackend } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { Context, Effect, Layer, Schedule, Stream } from "effect"

/** Private Docker daemon, which a test may stop and kill. */
export class PrivateDocker extends Context.Tag("PrivateDocker")<PrivateDocker, {
  readonly daemon: Subprocess.Subprocess
  readonly dockerHost: string
}>() {}

/** Command executor that adds variables. */
export const withVariables = (variables: Record<string, string>) =>
  Layer.effect(
    CommandExecutor.CommandExecutor,
    Effect.map(CommandExecutor.CommandExecutor, (executor) =>
      CommandExecutor.makeExecutor((command) => executor.start(Command.env(command, variables))))
  )

const quietly = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.ignore(Subprocess.run(Command.make(command, ...args)))

/** A private network, since two daemons conflict over `docker0`. */
const bridge = Effect.acquireRelease(
  Effect.gen(function*() {
    const name = `ociman${process.pid % 10000}`
    yield* quietly("ip", "link", "delete", name)
    yield* Subprocess.run(Command.make("ip", "link", "add", name, "type", "bridge"))
    yield* Subprocess.run(Command.make("ip", "address", "add", `172.31.${process.pid % 250}.1/24`, "dev", name))
    yield* Subprocess.run(Command.make("ip", "link", "set", name, "up"))
    return name
  }),
  (name) => quietly("ip", "link", "delete", name)
)

// A killed daemon leaves its containers with their shims and mounts.
const cleanUp = `
for shim in $(grep -alsZ -- "$1/" /proc/[0-9]*/cmdline | tr '\\0' '\\n' | cut -d / -f 3); do
  [ "$shim" = $$ ] || kill -KILL $(cat /proc/$shim/task/*/children) $shim
done
umount $(cut -d ' ' -f 2 /proc/mounts | grep "^$1/")
`

/** TLS files of a daemon and its clients. */
interface Certificates {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

export const makeDaemon = (tcp: string | undefined, tls?: Certificates) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-dockerd-" })
    yield* Effect.addFinalizer(() => quietly("sh", "-c", cleanUp, "sh", directory))
    const socket = `unix://${path.join(directory, "docker.sock")}`
    const network = yield* bridge
    const daemon = yield* Subprocess.start(Command.make(
      "dockerd",
      ...["--host", socket, ...(tcp === undefined ? [] : ["--host", tcp])],
      ...["--data-root", path.join(directory, "data"), "--exec-root", path.join(directory, "exec")],
      ...["--pidfile", path.join(directory, "docker.pid"), "--storage-driver", "vfs"],
      ...["--bridge", network, "--iptables=false", "--ip-forward=false", "--ip-masq=false"],
      ...(tls === undefined
        ? ["--tls=false"]
        : ["--tlsverify", "--tlscacert", tls.ca, "--tlscert", tls.certificate, "--tlskey", tls.key])
    ))
    yield* Effect.forkScoped(Stream.runDrain(Stream.merge(daemon.stdout, daemon.stderr)))
    const dockerHost = tcp ?? socket
    yield* Subprocess.run(Command.make("docker", "--host", tls === undefined ? dockerHost : socket, "version")).pipe(
      Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("30 seconds")))
    )
    return { daemon, dockerHost }
  })

/** Starts the daemon and its backend, with `tcp` over the network. */
export const layer = (tcp?: string) => {
  const daemon = Layer.scoped(PrivateDocker, makeDaemon(tcp))
  const backend = Layer.unwrapEffect(
    Effect.map(
      PrivateDocker,
      ({ dockerHost }) => Layer.provide(EngineBackend.layerDocker, withVariables({ DOCKER_HOST: dockerHost }))
    )
  )
  return Layer.provideMerge(backend, daemon)
}

/** Reports whether an error is that of an unavailable engine. */
export const isGone = (error: { readonly _tag: string }): error is BackendError.BackendUnavailable =>
  error._tag === "BackendUnavailable"
