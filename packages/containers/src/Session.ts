/**
 * By whom something on an engine was made: by which process, and which
 * backend in it. `Backend.sweep` removes what belongs to processes that no
 * longer live.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as BackendError from "./BackendError.js"
import type * as Label from "./Label.js"

/**
 * A process, told from all others there ever were.
 *
 * @since 0.1.0
 * @category models
 */
export class Process extends Schema.Class<Process>("@ociman/containers/Session/Process")({
  /** The machine, its boot, and the process and time namespaces in which `pid` and `started` have a meaning. */
  host: Schema.NonEmptyString,
  pid: Schema.Int.pipe(Schema.positive()),
  /** When it started, as the machine says it and to be compared only: the number of a process is used again. */
  started: Schema.NonEmptyString
}) {}

/**
 * - `Alive`: it runs.
 * - `Dead`: it has ended; its number may be another's by now.
 * - `Unknown`: it cannot be told from here, as it is of another machine, another boot or another namespace.
 *
 * @since 0.1.0
 * @category models
 */
export type Liveness = "Alive" | "Dead" | "Unknown"

/**
 * Who made something: a process, and the backend in it that did.
 *
 * @since 0.1.0
 * @category models
 */
export class Owner extends Schema.Class<Owner>("@ociman/containers/Session/Owner")({
  /** This library and its version, such as `ociman/0.1.0`. */
  library: Schema.NonEmptyString,
  /** The backend; a process may have several, one after the other or at once. */
  session: Schema.NonEmptyString,
  process: Process
}) {}

const keys = {
  library: "ociman.library",
  session: "ociman.session",
  host: "ociman.host",
  pid: "ociman.process",
  started: "ociman.started"
} as const

/**
 * The keys of the labels by which an owner is told.
 *
 * @since 0.1.0
 * @category labels
 */
export const labelKeys: ReadonlyArray<string> = Object.values(keys)

/**
 * The key of the label that names this library and its version. Images that are
 * built have it too, and no other label of an owner: what differs from build to
 * build would make of one image many.
 *
 * @since 0.1.0
 * @category labels
 */
export const libraryKey: string = keys.library

/**
 * The labels that say who made something. Without a process the labels of one
 * are empty, so that none are inherited from an image.
 *
 * @since 0.1.0
 * @category labels
 */
export const toLabels = (owner: {
  readonly library: string
  readonly session: string
  readonly process: Option.Option<Process>
}): Readonly<Record<string, string>> => ({
  [keys.library]: owner.library,
  [keys.session]: owner.session,
  ...Option.match(owner.process, {
    onNone: () => ({ [keys.host]: "", [keys.pid]: "", [keys.started]: "" }),
    onSome: ({ host, pid, started }) => ({ [keys.host]: host, [keys.pid]: String(pid), [keys.started]: started })
  })
})

/**
 * Who made what carries these labels; `None` if they are not complete.
 *
 * @since 0.1.0
 * @category labels
 */
export const fromLabels = (labels: Readonly<Record<string, string>>): Option.Option<Owner> =>
  decodeOwner({
    library: labels[keys.library],
    session: labels[keys.session],
    process: { host: labels[keys.host], pid: Number(labels[keys.pid] ?? ""), started: labels[keys.started] }
  })

const decodeOwner = Schema.decodeUnknownOption(Owner)

/**
 * @since 0.1.0
 * @category models
 */
export interface SweepOptions {
  /** Only look, and remove nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Only what carries all these labels too. Default: none, everything of this library. */
  readonly labels?: ReadonlyArray<Label.Filter> | undefined
  /** Also what was made to outlive its program, as by `Container.launch`. Default: false. */
  readonly kept?: boolean | undefined
}

/**
 * Something that a process left behind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Leftover {
  readonly kind: "container" | "network" | "volume"
  /** The name, where the engine gives no other identity. */
  readonly id: string
  readonly name: string
  readonly owner: Owner
}

/**
 * What a sweep did, in the order in which it was done.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sweep {
  /** What is gone; after a dry run, what would be. */
  readonly removed: ReadonlyArray<Leftover>
  /** What could not be removed, and why. */
  readonly failed: ReadonlyArray<{ readonly leftover: Leftover; readonly error: BackendError.BackendError }>
}
