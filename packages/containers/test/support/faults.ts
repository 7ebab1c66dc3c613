import { Backend, MemoryBackend, type Primitives as Module } from "@ociman/containers"
import { Effect, Fiber, Layer, Ref, Stream } from "effect"

type Primitives = Module.Primitives

/** An engine in memory of which some primitives are replaced. */
export const layerWith = (
  replace: (memory: Primitives) => Partial<Primitives>,
  options?: MemoryBackend.Options
): Layer.Layer<Backend.Backend> =>
  Layer.scoped(
    Backend.Backend,
    Effect.flatMap(MemoryBackend.make(options), (memory) => Backend.make({ ...memory, ...replace(memory) }))
  )

/** Writes down which of the primitives that make or remove something are called. */
export const recording = (calls: Ref.Ref<ReadonlyArray<string>>) => (memory: Primitives): Partial<Primitives> => {
  const note = (call: string) => Ref.update(calls, (all) => [...all, call])
  return {
    pullImage: (...args) => Stream.unwrap(Effect.as(note("pull"), memory.pullImage(...args))),
    createContainer: (...args) => Effect.zipRight(note("create"), memory.createContainer(...args)),
    startContainer: (...args) => Effect.zipRight(note("start"), memory.startContainer(...args)),
    startAttached: (...args) => Stream.unwrap(Effect.as(note("start"), memory.startAttached(...args))),
    removeContainer: (...args) => Effect.zipRight(note("remove"), memory.removeContainer(...args))
  }
}

/** As a daemon does, it creates a container also when the client that asked for it is gone. */
export const creatingBehindOnesBack = (primitives: Primitives): Partial<Primitives> => ({
  ...primitives,
  createContainer: (...args) =>
    Effect.yieldNow().pipe(
      Effect.zipRight(primitives.createContainer(...args)),
      Effect.forkDaemon,
      Effect.flatMap(Fiber.join)
    )
})
