import { FileSystem, Path } from "@effect/platform"
import {
  Backend,
  Build,
  CliBackend,
  Container,
  ContainerName,
  Definition,
  Engine,
  Exec,
  Image
} from "@ociman/containers"
import { Config, Console, Effect, Option } from "effect"
import { spawn } from "node:child_process"
import { compare } from "./compare.js"

/** Runs a client as a script without this library would. */
const bare = (executable: string, args: ReadonlyArray<string>) =>
  Effect.async<string, Error>((resume) => {
    const child = spawn(executable, args, { stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (data: Buffer) => output += data.toString())
    child.stderr.resume()
    child.on("close", (code) =>
      resume(code === 0 ? Effect.succeed(output) : Effect.fail(new Error(`${executable} ${args.join(" ")}: ${code}`))))
  })

const image = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const busybox = yield* Config.string("BUSYBOX").pipe(Config.withDefault("/bin/busybox"))
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  yield* fs.copyFile(busybox, path.join(directory, "busybox"))
  yield* fs.writeFileString(path.join(directory, "Dockerfile"), "FROM scratch\nCOPY busybox /bin/busybox\n")
  const build = Build.fromDirectory(directory).pipe(Build.contentAddressed("localhost/ociman/bench"))
  yield* Effect.addFinalizer(() => Effect.ignoreLogged(Effect.flatMap(Build.reference(build), Image.removeIfPresent)))
  return (yield* Build.ensure(build)).reference
})

const clientOf = (engine: Engine.Engine) => Option.getOrThrow(Engine.client(engine))

const idle = ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.05; done"] as const

/** Runs the same commands as the library for a scoped container. */
const bareLifecycle = (definition: Definition.Definition, engine: Backend.Service["engine"]) =>
  Effect.gen(function*() {
    const name = `ociman-bench-${process.pid}`
    const run = (...args: ReadonlyArray<string>) => bare(clientOf(engine).executable, args)
    yield* run(
      ...CliBackend.createArguments({ ...engine, transport: clientOf(engine) }, definition, ContainerName.make(name))
    )
    yield* run("container", "start", name)
    if (clientOf(engine).client === "docker") {
      yield* run("container", "stop", "--time", "1", name)
      yield* run("container", "rm", "--force", "--volumes", name)
    } else {
      yield* run("container", "rm", "--force", "--volumes", "--time", "1", name)
    }
  })

/** Compares containers of this library with the same commands spawned from Node. */
export const containers = Effect.scoped(Effect.gen(function*() {
  const { engine } = yield* Backend.Backend
  yield* Console.log(`\n${engine.name} ${engine.version}, client ${clientOf(engine).version}`)
  const definition = Definition.make(yield* image).pipe(Definition.command(...idle))

  yield* compare("start, stop, remove", { rounds: 15, expected: 1.05 }, {
    name: "Container.start in a scope",
    run: Effect.scoped(Container.start(definition))
  }, {
    name: `${clientOf(engine).executable} create, start, stop, rm`,
    run: bareLifecycle(definition, engine)
  })

  const container = yield* Container.start(definition)
  const exec = Exec.make("/bin/busybox", "echo", "hi")
  yield* compare("exec", { rounds: 41, expected: 1.05 }, {
    name: "container.exec",
    run: container.exec(exec)
  }, {
    name: `${clientOf(engine).executable} exec`,
    run: bare(clientOf(engine).executable, CliBackend.execArguments(container.id, exec))
  })
}))
