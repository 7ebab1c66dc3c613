import type * as DateTime from "effect/DateTime"
import type * as Label from "../../Label.js"

export type Type = "container" | "image" | "network" | "volume"

/**
 * Something that happened.
 */
export interface Event {
  readonly time: DateTime.Utc
  readonly type: Type
  /**
   * What was done, in Docker's words: `create`, `start`, `die`, `kill`, `stop`,
   * `pause`, `unpause`, `rename`, `destroy`, `commit`, `exec_create`,
   * `exec_start` and `exec_die` of containers; `pull`, `tag`, `untag` and
   * `delete` of images; `create` and `destroy` of networks and volumes. Podman's
   * `died` is `die` here, its `remove` is `destroy`, or `delete` of an image. Engines have
   * more, and not all of them each of these.
   */
  readonly action: string
  /** The id of what it was done to; of a volume its name. Podman does not tell it of images that it pulls. */
  readonly id: string
  /** Its name; empty where the engine does not tell it. */
  readonly name: string
  /** Labels and what else the engine says, such as `image` and, of `die`, `exitCode`. */
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * What is asked for; all of it must hold. Default: everything from now on.
 */
export interface Filter {
  /** Only of this container, by id or name. */
  readonly container?: string | undefined
  /** Only of these types. */
  readonly types?: ReadonlyArray<Type> | undefined
  /** Only these actions, in the words of {@link Event.action}. */
  readonly actions?: ReadonlyArray<string> | undefined
  /** Only of what carries all these labels. */
  readonly labels?: ReadonlyArray<Label.Filter> | undefined
  /** Also what happened from this time of the engine's clock on, as far as the engine still knows it. */
  readonly since?: DateTime.Utc | undefined
  /** The events end at this time of the engine's clock. Default: they do not end. */
  readonly until?: DateTime.Utc | undefined
}
