import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Engine from "../../Engine.js"
import { setting } from "../discovery/settings.js"

const names = [
  ...["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_TLS"],
  ...["CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINER_SSHKEY", "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE"],
  "PODMAN_CONNECTIONS_CONF"
]

/**
 * Variables that pass the configured location of an engine to its client. The
 * client inherits the environment, but the settings may come from another
 * `ConfigProvider`.
 *
 * @internal
 */
export const fromConfig: Effect.Effect<Readonly<Record<string, string>>> = Effect.map(
  Effect.forEach(names, (name) => Effect.map(setting(name), Option.map((value) => [name, value] as const))),
  (settings) => Object.fromEntries(settings.flatMap(Option.toArray))
)

/**
 * Variables that keep a client connected to the engine it has found. A host in
 * the client's environment takes precedence over them.
 *
 * @internal
 */
export const ofEngine = (
  { context, transport: { client } }: Engine.Engine<Engine.Cli>
): Readonly<Record<string, string>> =>
  Option.match(context, {
    onNone: () => ({}),
    onSome: (context) => client === "docker" ? { DOCKER_CONTEXT: context } : { CONTAINER_CONNECTION: context }
  })

/**
 * Resolves the host that SSH connects to for a name, which may be an alias of
 * the user's SSH configuration.
 *
 * @internal
 */
export const sshHost = (
  name: string,
  executor: CommandExecutor.CommandExecutor
): Effect.Effect<string> =>
  /^[A-Za-z0-9]/.test(name)
    ? Subprocess.run(Command.make("ssh", "-G", name), { timeout: "10 seconds" }).pipe(
      Effect.provideService(CommandExecutor.CommandExecutor, executor),
      Effect.map(({ stdout }) => /^hostname (\S+)$/m.exec(stdout.text)?.[1] ?? name),
      Effect.orElseSucceed(() => name)
    )
    : Effect.succeed(name)
