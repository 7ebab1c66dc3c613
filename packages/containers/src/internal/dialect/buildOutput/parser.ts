import type * as BuildEvent from "../../../BuildEvent.js"

/**
 * A line of a builder, without its end.
 */
export interface Line {
  readonly source: "stdout" | "stderr"
  readonly text: string
}

/**
 * What is known when the builder has failed.
 */
export interface Failure {
  readonly step?: BuildEvent.Step | undefined
  /** Of the command of the step, if that is what failed. */
  readonly exitCode?: number | undefined
}

/**
 * Reads what a builder prints. What says no more than an event does is left
 * out, and what is not understood is a line of output.
 */
export interface Parser<S> {
  readonly initial: S
  readonly next: (state: S, line: Line) => readonly [state: S, events: ReadonlyArray<BuildEvent.BuildEvent>]
  /** What was held back, when there are no more lines. */
  readonly end: (state: S) => ReadonlyArray<BuildEvent.BuildEvent>
  readonly failure: (state: S) => Failure
}

export const toInt = (text: string | undefined): number => Number.parseInt(text ?? "", 10)
