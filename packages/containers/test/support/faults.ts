import { Backend, type BackendDriver as Module, MemoryBackend } from "@ociman/containers"
import { Effect, Fiber, Layer, Ref, Stream } from "effect"

type BackendDriver = Module.BackendDriver

type Replaced = Pick<Backend.TestDouble, Exclude<keyof BackendDriver, "engine">>

/** Memory engine with some operations replaced. */
export const layerWith = (
  replace: (memory: BackendDriver) => Replaced,
  options?: MemoryBackend.Options
): Layer.Layer<Backend.Backend> =>
  Layer.scoped(
    Backend.Backend,
    Effect.flatMap(MemoryBackend.make(options), (memory) => Backend.make(replacedIn(memory, replace(memory))))
  )

export const replacedIn = (driver: BackendDriver, replaced: Replaced): BackendDriver => ({
  engine: driver.engine,
  containers: { ...driver.containers, ...replaced.containers },
  exec: { ...driver.exec, ...replaced.exec },
  files: { ...driver.files, ...replaced.files },
  images: { ...driver.images, ...replaced.images },
  builds: { ...driver.builds, ...replaced.builds },
  networks: { ...driver.networks, ...replaced.networks },
  volumes: { ...driver.volumes, ...replaced.volumes },
  events: { ...driver.events, ...replaced.events }
})

/** Records the calls of operations that create or remove resources. */
export const recording =
  (calls: Ref.Ref<ReadonlyArray<string>>) => ({ containers, images }: BackendDriver): Replaced => {
    const note = (call: string) => Ref.update(calls, (all) => [...all, call])
    return {
      images: { pull: (...args) => Stream.unwrap(Effect.as(note("pull"), images.pull(...args))) },
      containers: {
        create: (...args) => Effect.zipRight(note("create"), containers.create(...args)),
        start: (...args) => Effect.zipRight(note("start"), containers.start(...args)),
        startAttached: (...args) => Stream.unwrap(Effect.as(note("start"), containers.startAttached(...args))),
        remove: (...args) => Effect.zipRight(note("remove"), containers.remove(...args))
      }
    }
  }

/** Like a daemon, creates a container even if the client is gone. */
export const creatingBehindOnesBack = (driver: BackendDriver): BackendDriver => ({
  ...driver,
  containers: {
    ...driver.containers,
    create: (...args) =>
      Effect.yieldNow().pipe(
        Effect.zipRight(driver.containers.create(...args)),
        Effect.forkDaemon,
        Effect.flatMap(Fiber.join)
      )
  }
})
