/**
 * The primitives of a `Backend` in memory, for tests that need no engine. It
 * keeps the rules of the real ones: what containers there are, their names,
 * states, labels, ports, files and logs, how images come and go, and events.
 *
 * No process runs in it. What the process of a container and the commands that
 * are run inside do is said by scripts, in {@link Options}. A process that is
 * sent a signal ends at once, and nothing ever waits for a time to pass, so that
 * everything works under the test clock. Containers join networks, have
 * addresses and names in them, and use volumes, which keep nothing. Resources,
 * health checks and restart policies are accepted and change nothing.
 *
 * @since 0.1.0
 */
import type { Reference } from "@ociman/oci"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type * as ContainerId from "./ContainerId.js"
import type * as Definition from "./Definition.js"
import type * as Exec from "./Exec.js"
import { builds } from "./internal/memory/builds.js"
import { containers } from "./internal/memory/containers.js"
import { engine } from "./internal/memory/engine.js"
import * as Events from "./internal/memory/events.js"
import { executor } from "./internal/memory/executor.js"
import { files } from "./internal/memory/files.js"
import { hosts } from "./internal/memory/hosts.js"
import { images, initial } from "./internal/memory/images.js"
import { networks } from "./internal/memory/networks.js"
import { observations } from "./internal/memory/observations.js"
import { owners } from "./internal/memory/owners.js"
import { processes } from "./internal/memory/processes.js"
import { transfers } from "./internal/memory/registry.js"
import { volumes } from "./internal/memory/volumes.js"
import type * as Output from "./Output.js"
import type { BuildRequest, Credentials, Primitives } from "./Primitives.js"
import type { Stats } from "./Stats.js"

/**
 * @example
 * ```ts
 * import { Backend, Container, Definition, type MemoryBackend } from "@ociman/containers"
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
 * await program.pipe(Effect.provide(Backend.layerMemory(options)), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The images that are there from the start. Default: none. */
  readonly images?: ReadonlyArray<Image> | undefined
  /** The images that can be pulled. Default: every image there could be, without labels. */
  readonly registry?: ReadonlyArray<Image> | undefined
  /**
   * What is to be said of registries, by their names, such as `docker.io` or
   * `localhost:5000`. Default: everybody may pull and push. What has been pushed
   * can be pulled, whatever `registry` says.
   */
  readonly registries?: Readonly<Record<string, Registry>> | undefined
  /**
   * What the process of a container does each time it is started. The input is
   * what `Container.run` feeds it. Default, also where this gives `undefined`:
   * it writes nothing and runs until it is stopped.
   */
  readonly process?:
    | ((container: ScriptedContainer, stdin: Effect.Effect<Uint8Array>) => Script | undefined)
    | undefined
  /**
   * What a command that is run inside a container does, by `exec` or as one of
   * the platform's `Command`. Default, also where this gives `undefined`: there
   * is no such command.
   */
  readonly exec?:
    | ((
      container: ScriptedContainer,
      exec: Exec.Exec,
      stdin: Effect.Effect<Uint8Array>
    ) => Script | undefined)
    | undefined
  /**
   * What comes of a build. Default, also where this gives `undefined`: the steps that the text of the instructions has
   * are begun and done one after the other, and write nothing; a directory is not looked into, and has no steps.
   */
  readonly build?: ((request: BuildRequest) => BuildScript | Effect.Effect<BuildScript> | undefined) | undefined
  /**
   * What a running container uses. Default, also where this gives `undefined`:
   * nothing, of the memory that its definition limits it to or of 1 GiB.
   */
  readonly stats?: ((container: ScriptedContainer) => Stream.Stream<Stats> | undefined) | undefined
}

/**
 * How a registry behaves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Registry {
  /** Whether the engine finds it. Default: true. */
  readonly reachable?: boolean | undefined
  /** Who alone may pull and push. Default: everybody. */
  readonly credentials?: Credentials | undefined
}

/**
 * An image that the engine knows, or can pull.
 *
 * @since 0.1.0
 * @category models
 */
export interface Image {
  /** Its name. A literal that does not parse is a defect. */
  readonly image: Reference.Reference | string
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** The files in it, by path; text as UTF-8. Default: none. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
}

/**
 * The container for which a script is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptedContainer {
  readonly id: ContainerId.ContainerId
  readonly name: string
  readonly definition: Definition.Definition
}

/**
 * What a process does: all at once, after an effect, or event by event. If
 * there is no exit code, or no event with one, then a command ends with 0 and
 * the process of a container runs until it is stopped.
 *
 * A stopped process is interrupted. The output of a paused one is held back.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = Answer | Effect.Effect<Answer> | Stream.Stream<Output.ProcessEvent>

/**
 * What a process writes, text as UTF-8, and how it ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly stdout?: string | Uint8Array | undefined
  readonly stderr?: string | Uint8Array | undefined
  readonly exitCode?: number | undefined
}

/**
 * What comes of a build.
 *
 * @example
 * ```ts
 * import { Backend, Build } from "@ociman/containers"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect } from "effect"
 *
 * const memory = Backend.layerMemory({
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
export interface BuildScript {
  /** What the build does, one instruction a step. Default: the instructions of its text. */
  readonly instructions?: ReadonlyArray<string> | undefined
  /** What steps write to standard output, by the number of the step; the first one is 1. */
  readonly output?: Readonly<Record<number, string>> | undefined
  /** The steps whose result is there already. Default: none. */
  readonly cached?: ReadonlyArray<number> | undefined
  /** The step that fails, and the exit code of its command. Default: none does. */
  readonly failure?: { readonly step: number; readonly exitCode?: number | undefined } | undefined
  /** Labels that the image gets besides those that were asked for. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * A new engine without containers. Its processes are gone when the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Primitives, never, Scope.Scope> =>
  Effect.gen(function*() {
    const state = yield* SynchronizedRef.make(yield* initial(options.images ?? []))
    const context = { options, state, events: yield* Events.make, scope: yield* Effect.scope }
    const ofContainers = containers(context)
    return {
      engine,
      ...ofContainers,
      ...files(context),
      ...observations(context),
      ...owners,
      ...processes(context),
      ...executor(context),
      ...images(context),
      ...transfers(context),
      ...builds(context),
      ...networks(context),
      ...volumes(context, ofContainers.removeContainer),
      ...hosts(context)
    }
  })
