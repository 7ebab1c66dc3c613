/**
 * Properties and history of an image, as reported by its engine.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"
import type * as ImageId from "./ImageId.js"

/**
 * Properties of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageInfo {
  readonly id: ImageId.ImageId
  /** References with tags, in the familiar form: `alpine:3.20`. */
  readonly tags: ReadonlyArray<string>
  /** References with digests, as in registries, in the familiar form. */
  readonly digests: ReadonlyArray<string>
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly os: string
  readonly architecture: string
  /** Size in bytes. */
  readonly size: number
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}

/**
 * Step of the history of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface HistoryStep {
  readonly created: Option.Option<DateTime.Utc>
  /** Instruction, as recorded by the builder; empty if unknown. */
  readonly createdBy: string
  /** Number of bytes that the step added. */
  readonly size: number
  readonly comment: string
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}
