/**
 * Ownership of resources on an engine: the process that created a resource, and its backend. `Backend.sweep` removes
 * resources of processes that have ended.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as BackendError from "./BackendError.js"
import type * as Label from "./Label.js"

/**
 * Unique identity of a process, across reuse of process ids.
 *
 * @since 0.1.0
 * @category models
 */
export class Process extends Schema.Class<Process>("@ociman/containers/Session/Process")({
  /** Machine, boot, and the process and time namespaces that `pid` and `started` refer to. */
  host: Schema.NonEmptyString,
  pid: Schema.Int.pipe(Schema.positive()),
  /** Start time, in the machine's notation, only for comparison: process ids are reused. */
  started: Schema.NonEmptyString
}) {}

/**
 * - `Alive`: the process runs.
 * - `Dead`: the process has ended; its id may have been reused.
 * - `Unknown`: the process is of another machine, another boot or another namespace.
 *
 * @since 0.1.0
 * @category models
 */
export type Liveness = "Alive" | "Dead" | "Unknown"

/**
 * Owner of a resource: a process, and one of its backends.
 *
 * @since 0.1.0
 * @category models
 */
export class Owner extends Schema.Class<Owner>("@ociman/containers/Session/Owner")({
  /** Name and version of this library, such as `ociman/0.1.0`. */
  library: Schema.NonEmptyString,
  /** Id of the backend, since a process may have several. */
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
 * Keys of the labels that identify an owner.
 *
 * @since 0.1.0
 * @category labels
 */
export const labelKeys: ReadonlyArray<string> = Object.values(keys)

/**
 * Key of the label with the name and version of this library. Built images have it too, but no other label of an owner:
 * labels that differ between builds would defeat the cache.
 *
 * @since 0.1.0
 * @category labels
 */
export const libraryKey: string = keys.library

/**
 * Returns the labels of an owner. Without a process, the labels of the process are empty, so that none are inherited
 * from an image.
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
 * Decodes the owner from the labels of a resource; `None` if they are incomplete.
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
  /** If true, only lists leftovers. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Limits the sweep to resources that match all label filters. Default: none. */
  readonly labels?: ReadonlyArray<Label.Filter> | undefined
  /** If true, includes resources that outlive their program, as of `Container.launch`. Default: false. */
  readonly kept?: boolean | undefined
}

/**
 * Resource of a process that has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Leftover {
  readonly kind: "container" | "network" | "volume"
  /** Id; for a volume its name. */
  readonly id: string
  readonly name: string
  readonly owner: Owner
}

/**
 * Result of a sweep, in the order of removal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sweep {
  /** Removed resources; after a dry run, the resources to remove. */
  readonly removed: ReadonlyArray<Leftover>
  /** Resources that could not be removed, with the error. */
  readonly failed: ReadonlyArray<{ readonly leftover: Leftover; readonly error: BackendError.BackendError }>
}
