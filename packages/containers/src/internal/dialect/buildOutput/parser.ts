import type * as BuildEvent from "../../../BuildEvent.js"

/**
 * Line of a builder's output, without its line end.
 */
export interface Line {
  readonly source: "stdout" | "stderr"
  readonly text: string
}

/**
 * Cause of a failed build, as far as known.
 */
export interface Failure {
  readonly step?: BuildEvent.Step | undefined
  /** Exit code of the step's command, if the command failed. */
  readonly exitCode?: number | undefined
}

/**
 * Parser of a builder's output. Drops lines that an event replaces; unknown lines
 * become events of output.
 */
export interface Parser<S> {
  readonly initial: S
  readonly next: (state: S, line: Line) => readonly [state: S, events: ReadonlyArray<BuildEvent.BuildEvent>]
  /** Events that were held back at the end of the output. */
  readonly end: (state: S) => ReadonlyArray<BuildEvent.BuildEvent>
  readonly failure: (state: S) => Failure
}

export const toInt = (text: string | undefined): number => Number.parseInt(text ?? "", 10)
