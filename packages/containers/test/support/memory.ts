import { Backend, type Container, ContainerName, type Definition, MemoryBackend, Output } from "@ociman/containers"
import { Effect, Option, type Scope, Stream } from "effect"

/** Runs a test in a scope on a new memory engine. */
export const onMemory =
  (options?: MemoryBackend.Options) => <A, E>(self: Effect.Effect<A, E, Backend.Backend | Scope.Scope>) =>
    self.pipe(Effect.scoped, Effect.provide(MemoryBackend.layer(options)))

/** Creates a container without starting it. */
export const create = (definition: Definition.Definition, name = "created") =>
  Effect.gen(function*() {
    const backend = yield* Backend.Backend
    yield* Stream.runDrain(
      backend.images.pull(definition.image, { platform: definition.platform, credentials: Option.none() })
    )
    const id = yield* backend.containers.create(definition, ContainerName.make(name))
    return yield* backend.attach(id)
  })

export const bytes = (text: string) => new TextEncoder().encode(text)

/** Lines of an output stream with their sources. */
export const linesOf = <E, R>(output: Stream.Stream<Output.Output, E, R>) =>
  Effect.all({
    stdout: Stream.runCollect(Output.lines(output, "stdout")).pipe(Effect.map((_) => Array.from(_))),
    stderr: Stream.runCollect(Output.lines(output, "stderr")).pipe(Effect.map((_) => Array.from(_)))
  })

export const status = (container: Container.Container) => Effect.map(container.state, (state) => state.status)
