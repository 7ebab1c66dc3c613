/**
 * Backend in memory, for tests without an engine. It implements the rules of real engines: names, states, labels,
 * ports, files and logs of containers, references of images, and events.
 *
 * It runs no processes. Scripts in {@link Options} define the behaviour of the process of a container, and of commands
 * in it. A process ends immediately when it receives a signal, and no operation waits for time to pass, so that all of
 * them work with the test clock. Containers join networks, have addresses and names in them, and share the files of
 * volumes. Resource limits, health checks and restart policies are accepted and have no effect.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import * as Backend from "./Backend.js"
import type { BackendDriver } from "./BackendDriver.js"
import { builds } from "./internal/memory/builds.js"
import { containers } from "./internal/memory/containers.js"
import * as Events from "./internal/memory/events.js"
import { executor } from "./internal/memory/executor.js"
import { files } from "./internal/memory/files.js"
import { host } from "./internal/memory/host.js"
import { resolveHost } from "./internal/memory/hosts.js"
import { images, initial } from "./internal/memory/images.js"
import { networks } from "./internal/memory/networks.js"
import { observations } from "./internal/memory/observations.js"
import type * as options from "./internal/memory/options.js"
import { processes } from "./internal/memory/processes.js"
import { transfers } from "./internal/memory/registry.js"
import { volumes } from "./internal/memory/volumes.js"
import { engine } from "./internal/model/memoryEngine.js"

/**
 * @example
 * ```ts
 * import { Container, Definition, MemoryBackend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const options: MemoryBackend.Options = {
 *   process: ({ definition }, stdin) =>
 *     definition.image.path === "sort"
 *       ? Effect.map(stdin, (bytes) => ({ stdout: bytes.slice().sort(), exitCode: 0 }))
 *       : { stdout: "ready\n" } // and runs on
 * }
 *
 * const program = Effect.gen(function*() {
 *   const { stdout } = yield* Container.run(Definition.make("sort"), { stdin: "bca" })
 *   assert.strictEqual(stdout, "abc")
 * })
 *
 * await program.pipe(Effect.provide(MemoryBackend.layer(options)), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Options = options.Options

/**
 * Behaviour of a registry.
 *
 * @since 0.1.0
 * @category models
 */
export type Registry = options.Registry

/**
 * Image that the engine has, or can pull.
 *
 * @since 0.1.0
 * @category models
 */
export type Image = options.Image

/**
 * Container of the process to script.
 *
 * @since 0.1.0
 * @category models
 */
export type ScriptedContainer = options.ScriptedContainer

/**
 * Behaviour of a process: an answer, an effect of one, or a stream of events. Without an exit code, or an event with
 * one, a command ends with 0, and the process of a container runs until it is stopped.
 *
 * Stopping a process interrupts its effect or stream. The output of a paused process is buffered.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = options.Script

/**
 * Output of a process, text as UTF-8, and its exit code.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer = options.Answer

/**
 * Result of a build.
 *
 * @example
 * ```ts
 * import { Build, MemoryBackend } from "@ociman/containers"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect } from "effect"
 *
 * const memory = MemoryBackend.layer({
 *   build: () => ({ output: { 2: "no such package" }, failure: { step: 2, exitCode: 1 } })
 * })
 *
 * const error = await Build.fromInstructions("FROM alpine\nRUN apk add nonsense\n").pipe(
 *   Build.tagged("example/app:1"),
 *   Build.build,
 *   Effect.flip,
 *   Effect.provide([memory, NodeHasher.layer]),
 *   Effect.runPromise
 * )
 *
 * assert.strictEqual(error._tag, "BuildFailed")
 * assert.match(error.message, /step \[2\/2\] RUN apk add nonsense \(exit code 1\)[^]*no such package/)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type BuildScript = options.BuildScript

/**
 * Creates an engine without containers. Its processes end when the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (settings: Options = {}): Effect.Effect<BackendDriver, never, Scope.Scope> =>
  Effect.gen(function*() {
    const state = yield* SynchronizedRef.make(yield* initial(settings.images ?? []))
    const context = { options: settings, state, events: yield* Events.make, scope: yield* Effect.scope }
    const { run, startAttached } = processes(context)
    const { processes: list, stats, subscribe } = observations(context)
    const { commit, ...ofImages } = images(context)
    const ofContainers = { ...containers(context), commit, processes: list, startAttached, stats }
    return {
      engine: { ...engine, capabilities: { ...engine.capabilities, ...settings.capabilities } },
      containers: ofContainers,
      exec: { run, executor: executor(context), resolveHost: resolveHost(context) },
      files: files(context),
      images: { ...ofImages, ...transfers(context) },
      builds: builds(context),
      networks: networks(context),
      volumes: volumes(context, ofContainers.remove),
      events: { subscribe }
    }
  })

/**
 * Provides a `Backend` in memory, for tests. It implements the rules of real engines, but runs no processes; scripts in
 * the options define their behaviour. A function, unlike the layers of `EngineBackend`, since each call creates an
 * engine.
 *
 * @example
 * ```ts
 * import { Container, Definition, Exec, MemoryBackend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const container = yield* Container.start(Definition.make("postgres:17"))
 *   const { stdout } = yield* container.exec(Exec.make("psql", "--version"))
 *   assert.strictEqual(stdout, "psql (PostgreSQL) 17.2\n")
 * })
 *
 * const memory = MemoryBackend.layer({
 *   exec: (_, { executable }) =>
 *     executable === "psql" ? { stdout: "psql (PostgreSQL) 17.2\n" } : undefined
 * })
 *
 * await program.pipe(Effect.scoped, Effect.provide(memory), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (settings?: Options): Layer.Layer<Backend.Backend> =>
  Layer.scoped(Backend.Backend, Effect.flatMap(make(settings), (driver) => Backend.make(driver, host)))
