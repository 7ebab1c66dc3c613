/**
 * What happens while an image is built, the same for every builder: Docker's
 * classic one, BuildKit and Podman's.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/**
 * One instruction of a Dockerfile, as the builder counts it. BuildKit and
 * Podman count in each stage from one, the classic builder through all stages.
 *
 * @since 0.1.0
 * @category models
 */
export class Step extends Schema.Class<Step>("@ociman/containers/BuildEvent/Step")({
  number: Schema.Number,
  /** How many steps there are, by the same count. */
  total: Schema.Number,
  /**
   * The stage, where the builder says which: its name to BuildKit (`stage-1` if it has none), its number and the number
   * of stages to Podman (`1/2`).
   */
  stage: Schema.optionalWith(Schema.String, { exact: true }),
  /** The instruction as the builder shows it; BuildKit puts the values of arguments into it. */
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
 * A step has begun. BuildKit runs steps at the same time where it can.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepStarted {
  readonly _tag: "StepStarted"
  readonly step: Step
}

/**
 * A step has ended well.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepDone {
  readonly _tag: "StepDone"
  readonly step: Step
}

/**
 * A step need not be run, since the builder has its result. It is the end of
 * the step, in the place of {@link StepDone}.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepCached {
  readonly _tag: "StepCached"
  readonly step: Step
}

/**
 * A line that a step or the builder itself has written, without its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutputLine {
  readonly _tag: "OutputLine"
  /** Where it was written. BuildKit does not say it of a step: then it is `stdout`. */
  readonly source: "stdout" | "stderr"
  readonly text: string
  /** The step that has written it, where that is known; otherwise the builder has. */
  readonly step?: Step | undefined
}

/**
 * The image is there. It is the last event.
 *
 * @since 0.1.0
 * @category models
 */
export interface Built {
  readonly _tag: "Built"
  /** The image's id, with its algorithm: `sha256:…`. */
  readonly id: string
}

/**
 * What happens while an image is built. A failed step has no event: the failure
 * of the stream says which it was.
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
 * An event as a line for people, such as a log shows.
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
