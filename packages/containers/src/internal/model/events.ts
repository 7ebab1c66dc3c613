import type * as DateTime from "effect/DateTime"
import type * as Label from "../../Label.js"

export type Type = "container" | "image" | "network" | "volume"

/**
 * Event of an engine.
 */
export interface Event {
  readonly time: DateTime.Utc
  readonly type: Type
  /**
   * Action, in Docker's terms: `create`, `start`, `die`, `kill`, `stop`, `pause`, `unpause`, `rename`, `destroy`,
   * `commit`, `exec_create`, `exec_start` and `exec_die` of containers; `pull`, `tag`, `untag` and `delete` of images;
   * `create` and `destroy` of networks and volumes. Podman's `died` is decoded as `die`, its `remove` as `destroy`, or
   * `delete` of an image. Engines have further actions, and not every engine has all of these.
   */
  readonly action: string
  /** Id of the resource; of a volume its name. Podman omits it for pulled images. */
  readonly id: string
  /** Name of the resource; empty if the engine does not report it. */
  readonly name: string
  /** Labels and further attributes, such as `image` or, of `die`, `exitCode`. */
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * Filter of events; an event must match all its fields. Default: all events from now on.
 */
export interface Filter {
  /** Container, by id or name. */
  readonly container?: string | undefined
  /** Types of resources. */
  readonly types?: ReadonlyArray<Type> | undefined
  /** Actions, see {@link Event.action}. */
  readonly actions?: ReadonlyArray<string> | undefined
  /** Label filters, all of which must match. */
  readonly labels?: ReadonlyArray<Label.Filter> | undefined
  /** Includes past events since this time of the engine's clock, as far as the engine has kept them. */
  readonly since?: DateTime.Utc | undefined
  /** Ends the events at this time of the engine's clock. Default: never. */
  readonly until?: DateTime.Utc | undefined
}
