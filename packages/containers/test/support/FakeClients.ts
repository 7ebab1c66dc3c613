import { Command, CommandExecutor, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { ConfigProvider, Effect, Layer } from "effect"

/** Answers of a client by its first argument, as shell commands. */
export type Answers = Readonly<Record<string, string>>

export const answer = (json: unknown) => `cat <<'JSON'\n${JSON.stringify(json)}\nJSON`

export const complain = (text: string, exitCode = 1) => `echo '${text}' >&2; exit ${exitCode}`

const script = (answers: Answers) =>
  [
    "#!/bin/sh",
    "case $1 in",
    ...Object.entries(answers).map(([command, answer]) => `${command})\n${answer}\n;;`),
    "*) echo \"unknown command: $*\" >&2; exit 64 ;;",
    "esac"
  ].join("\n")

/**
 * Machine with these clients, settings, configuration file, and files in the
 * directory of Docker's client.
 */
export const machine = (options: {
  readonly clients: Readonly<Record<string, Answers>>
  readonly settings?: Readonly<Record<string, string>>
  readonly configFile?: string
  readonly files?: Readonly<Record<string, string>>
}) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-machine-" })
    yield* Effect.forEach(Object.entries(options.clients), ([name, answers]) =>
      fs.writeFileString(`${directory}/${name}`, script(answers), { mode: 0o755 }))
    if (options.configFile !== undefined) {
      yield* fs.writeFileString(`${directory}/ociman.toml`, options.configFile)
    }
    yield* Effect.forEach(Object.entries(options.files ?? {}), ([name, text]) =>
      fs.writeFileString(`${directory}/${name}`, text))
    // The `PATH` of the scripts contains this directory only.
    yield* fs.symlink("/bin/cat", `${directory}/cat`)
    const executor = yield* CommandExecutor.CommandExecutor
    const settings = new Map(
      Object.entries({ XDG_CONFIG_HOME: directory, DOCKER_CONFIG: directory, ...options.settings })
    )
    return Layer.mergeAll(
      Layer.succeed(
        CommandExecutor.CommandExecutor,
        CommandExecutor.makeExecutor((command) =>
          executor.start(Command.env(command, { PATH: directory }))
        )
      ),
      Layer.succeed(FileSystem.FileSystem, fs),
      Layer.setConfigProvider(ConfigProvider.fromMap(settings))
    )
  })).pipe(Layer.provide(NodeContext.layer))
