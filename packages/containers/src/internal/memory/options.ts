import type * as Reference from "@ociman/oci/Reference"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { BuildRequest, Credentials } from "../../BackendDriver.js"
import type * as ContainerId from "../../ContainerId.js"
import type { Stats } from "../../ContainerInfo.js"
import type * as Definition from "../../Definition.js"
import type * as Engine from "../../Engine.js"
import type * as Exec from "../../Exec.js"
import type * as Output from "../../Output.js"

/**
 * Options of the memory engine.
 */
export interface Options {
  /** Overrides of the engine's capabilities. Default: it has all. */
  readonly capabilities?: Partial<Engine.Capabilities> | undefined
  /** Images that exist from the start. Default: none. */
  readonly images?: ReadonlyArray<Image> | undefined
  /** Images that can be pulled. Default: every image, without labels. */
  readonly registry?: ReadonlyArray<Image> | undefined
  /**
   * Registries by their names, such as `docker.io` or `localhost:5000`. Default:
   * registries that require no credentials. A pushed image can be pulled even if
   * `registry` does not contain it.
   */
  readonly registries?: Readonly<Record<string, Registry>> | undefined
  /**
   * Script of a container's process, called at each start. The input is that of
   * `Container.run`. Default, also for `undefined`: the process writes nothing and
   * runs until it is stopped.
   */
  readonly process?:
    | ((container: ScriptedContainer, stdin: Effect.Effect<Uint8Array>) => Script | undefined)
    | undefined
  /**
   * Script of a command in a container, run by `exec` or by the container's
   * `CommandExecutor`. Default, also for `undefined`: the command is not found.
   */
  readonly exec?:
    | ((
      container: ScriptedContainer,
      exec: Exec.Exec,
      stdin: Effect.Effect<Uint8Array>
    ) => Script | undefined)
    | undefined
  /**
   * Script of a build. Default, also for `undefined`: the instructions of a text succeed one after the other without
   * output. A directory is not read, and its build has no steps.
   */
  readonly build?: ((request: BuildRequest) => BuildScript | Effect.Effect<BuildScript> | undefined) | undefined
  /**
   * Samples of the resource usage of a running container. Default, also for
   * `undefined`: no usage, with the memory limit of the definition or 1 GiB.
   */
  readonly stats?: ((container: ScriptedContainer) => Stream.Stream<Stats> | undefined) | undefined
}

/**
 * Behavior of a registry.
 */
export interface Registry {
  /** If false, the engine cannot reach the registry. Default: true. */
  readonly reachable?: boolean | undefined
  /** Credentials required to pull and push. Default: none. */
  readonly credentials?: Credentials | undefined
}

/**
 * Image that exists or can be pulled.
 */
export interface Image {
  /** Name of the image. A text that does not parse is a defect. */
  readonly image: Reference.Reference | string
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Files of the image by path; text is encoded as UTF-8. Default: none. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
}

/**
 * Container whose process or command is scripted.
 */
export interface ScriptedContainer {
  readonly id: ContainerId.ContainerId
  readonly name: string
  readonly definition: Definition.Definition
}

/**
 * Script of a process: an answer, an effect of an answer, or a stream of events.
 * Without an exit code, a command exits with 0 and the process of a container runs
 * until it is stopped.
 *
 * A stop interrupts the script. The output of a paused process is delayed.
 */
export type Script = Answer | Effect.Effect<Answer> | Stream.Stream<Output.ProcessEvent>

/**
 * Output and exit code of a process; text is encoded as UTF-8.
 */
export interface Answer {
  readonly stdout?: string | Uint8Array | undefined
  readonly stderr?: string | Uint8Array | undefined
  readonly exitCode?: number | undefined
}

/**
 * Script of a build.
 */
export interface BuildScript {
  /** Instructions of the build, one per step. Default: the instructions of its text. */
  readonly instructions?: ReadonlyArray<string> | undefined
  /** Standard output of steps, by the number of the step, which starts at 1. */
  readonly output?: Readonly<Record<number, string>> | undefined
  /** Numbers of cached steps. Default: none. */
  readonly cached?: ReadonlyArray<number> | undefined
  /** Step that fails, and the exit code of its command. Default: no step fails. */
  readonly failure?: { readonly step: number; readonly exitCode?: number | undefined } | undefined
  /** Labels of the image in addition to the requested ones. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}
