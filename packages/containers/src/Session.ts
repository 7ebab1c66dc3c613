/**
 * By whom something on an engine was made: by which process, and which
 * backend in it. `Backend.sweep` removes what belongs to processes that no
 * longer live.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A process, told from all others there ever were.
 *
 * @since 0.1.0
 * @category models
 */
export class Process extends Schema.Class<Process>("@ociman/containers/Session/Process")({
  /** The machine with its process namespace, in which `pid` has a meaning. */
  host: Schema.NonEmptyString,
  pid: Schema.Int.pipe(Schema.positive()),
  /** When it started, as the machine says it and to be compared only: the number of a process is used again. */
  started: Schema.NonEmptyString
}) {}

/**
 * - `Alive`: it runs.
 * - `Dead`: it has ended; its number may be another's by now.
 * - `Unknown`: it cannot be told from here, as it is on another machine or in another process namespace.
 *
 * @since 0.1.0
 * @category models
 */
export type Liveness = "Alive" | "Dead" | "Unknown"
