/**
 * Steps that created an image, decoded from the answers of both engines.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"

/**
 * Step of the history of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly created: Option.Option<DateTime.Utc>
  /** Instruction, as recorded by the builder; empty if unknown. */
  readonly createdBy: string
  /** Number of bytes that the step added. */
  readonly size: number
  readonly comment: string
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}
