/**
 * Progress events of an image build, the same for every builder: Docker's classic one, BuildKit and Podman's.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/**
 * One instruction of a Dockerfile, with the builder's number. BuildKit and Podman number the steps of each stage from
 * one, the classic builder those of all stages.
 *
 * @since 0.1.0
 * @category models
 */
export class Step extends Schema.Class<Step>("@ociman/containers/BuildEvent/Step")({
  number: Schema.Number,
  /** Number of steps, counted in the same way. */
  total: Schema.Number,
  /**
   * Stage, if the builder reports it: BuildKit its name (`stage-1` if it has none), Podman its number and the number of
   * stages (`1/2`).
   */
  stage: Schema.optionalWith(Schema.String, { exact: true }),
  /** Instruction as printed by the builder; BuildKit replaces arguments by their values. */
  instruction: Schema.String
}) {
  /**
   * @since 0.1.0
   */
  override toString() {
    const stage = this.stage === undefined ? "" : `${this.stage} `
    return `[${stage}${this.number}/${this.total}] ${this.instruction}`
  }
}

/**
 * A step has started. BuildKit runs independent steps concurrently.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepStarted {
  readonly _tag: "StepStarted"
  readonly step: Step
}

/**
 * A step has succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepDone {
  readonly _tag: "StepDone"
  readonly step: Step
}

/**
 * A step was skipped, since its result is cached. Ends the step instead of {@link StepDone}.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepCached {
  readonly _tag: "StepCached"
  readonly step: Step
}

/**
 * Line of output of a step or of the builder, without its line break.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutputLine {
  readonly _tag: "OutputLine"
  /** Stream of the output. Always `stdout` for steps of BuildKit, which does not report it. */
  readonly source: "stdout" | "stderr"
  readonly text: string
  /** Step that wrote the line; `undefined` if it is unknown, or the builder wrote it. */
  readonly step?: Step | undefined
}

/**
 * The image is complete. Last event of a build.
 *
 * @since 0.1.0
 * @category models
 */
export interface Built {
  readonly _tag: "Built"
  /** Id of the image, with its algorithm: `sha256:…`. */
  readonly id: string
}

/**
 * Progress event of a build. A failed step has no event: the error of the stream names it.
 *
 * @since 0.1.0
 * @category models
 */
export type BuildEvent = StepStarted | StepDone | StepCached | OutputLine | Built

/**
 * @since 0.1.0
 * @category constructors
 */
export const StepStarted: (fields: Omit<StepStarted, "_tag">) => StepStarted = Data.tagged<StepStarted>("StepStarted")

/**
 * @since 0.1.0
 * @category constructors
 */
export const StepDone: (fields: Omit<StepDone, "_tag">) => StepDone = Data.tagged<StepDone>("StepDone")

/**
 * @since 0.1.0
 * @category constructors
 */
export const StepCached: (fields: Omit<StepCached, "_tag">) => StepCached = Data.tagged<StepCached>("StepCached")

/**
 * @since 0.1.0
 * @category constructors
 */
export const OutputLine: (fields: Omit<OutputLine, "_tag">) => OutputLine = Data.tagged<OutputLine>("OutputLine")

/**
 * @since 0.1.0
 * @category constructors
 */
export const Built: (fields: Omit<Built, "_tag">) => Built = Data.tagged<Built>("Built")

/**
 * Formats an event as a line of text, such as for a log.
 *
 * @example
 * ```ts
 * import { BuildEvent } from "@ociman/containers"
 *
 * const step = new BuildEvent.Step({ number: 2, total: 3, instruction: "RUN make" })
 * assert.strictEqual(BuildEvent.format(BuildEvent.StepCached({ step })), "[2/3] RUN make (cached)")
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (event: BuildEvent): string => {
  switch (event._tag) {
    case "StepStarted":
      return String(event.step)
    case "StepDone":
      return `${event.step} (done)`
    case "StepCached":
      return `${event.step} (cached)`
    case "OutputLine":
      return event.text
    case "Built":
      return `built ${event.id}`
  }
}
