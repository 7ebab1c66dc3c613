import type * as Reference from "@ociman/oci/Reference"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { BuildRequest, Credentials } from "../../BackendDriver.js"
import type * as ContainerId from "../../ContainerId.js"
import type * as Definition from "../../Definition.js"
import type * as Engine from "../../Engine.js"
import type * as Exec from "../../Exec.js"
import type * as Output from "../../Output.js"
import type { Stats } from "../../Stats.js"

export interface Options {
  /** Capabilities that the engine has or lacks. Default: it has all. */
  readonly capabilities?: Partial<Engine.Capabilities> | undefined
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
 */
export interface Registry {
  /** Whether the engine finds it. Default: true. */
  readonly reachable?: boolean | undefined
  /** Who alone may pull and push. Default: everybody. */
  readonly credentials?: Credentials | undefined
}

/**
 * An image that the engine knows, or can pull.
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
 */
export type Script = Answer | Effect.Effect<Answer> | Stream.Stream<Output.ProcessEvent>

/**
 * What a process writes, text as UTF-8, and how it ends.
 */
export interface Answer {
  readonly stdout?: string | Uint8Array | undefined
  readonly stderr?: string | Uint8Array | undefined
  readonly exitCode?: number | undefined
}

/**
 * What comes of a build.
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
