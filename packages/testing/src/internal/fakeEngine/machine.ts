import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import type { Call, Script, Service } from "../../FakeEngine.js"
import { program } from "./program.js"

/** @internal */
export const make = Effect.fnUntraced(function*(scripts: ReadonlyArray<Script>) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const hostExecutor = yield* CommandExecutor.CommandExecutor
  const directory = yield* fileSystem.makeTempDirectoryScoped({ prefix: "ociman-fake-engine-" })
  const bin = path.join(directory, "bin")
  yield* fileSystem.makeDirectory(bin)
  yield* Effect.forEach(scripts, (script) =>
    Effect.gen(function*() {
      const { files, text } = program(script, directory)
      yield* fileSystem.writeFileString(path.join(bin, script.engine), text, { mode: 0o755 })
      yield* Effect.forEach(files, ([name, content]) =>
        typeof content === "string"
          ? fileSystem.writeFileString(path.join(directory, name), content)
          : fileSystem.writeFile(path.join(directory, name), content))
    }), { discard: true })

  const withFakes = (command: Command.Command): Command.Command =>
    command._tag === "PipedCommand"
      ? Command.pipeTo(withFakes(command.left), withFakes(command.right))
      : isEngine(command.command)
      ? Command.env(command, { PATH: bin })
      : command

  const callOf = (claim: string) => {
    const [pid, engine] = claim.trim().split(" ")
    return engine === "docker" || engine === "podman"
      ? Effect.map(
        fileSystem.readFileString(path.join(directory, `arguments-${pid}`)),
        (text): ReadonlyArray<Call> => [{ engine, arguments: text.split("\0").slice(0, -1) }]
      )
      // The call has just started and has not written its claim yet.
      : Effect.succeed([])
  }

  const calls: Service["calls"] = fileSystem.readDirectory(directory).pipe(
    Effect.map((names) => names.flatMap((name) => /^call-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])),
    Effect.flatMap((numbers) =>
      Effect.forEach(
        Arr.sort(numbers, Order.number),
        (number) => Effect.flatMap(fileSystem.readFileString(path.join(directory, `call-${number}`)), callOf)
      )
    ),
    Effect.map(Arr.flatten)
  )

  return { calls, executor: CommandExecutor.makeExecutor((command) => hostExecutor.start(withFakes(command))) }
})

const isEngine = (executable: string) => executable === "docker" || executable === "podman"
