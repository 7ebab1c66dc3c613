import * as BuildEvent from "../../../BuildEvent.js"
import { withoutTrailing } from "../../values/text.js"
import { type Line, type Parser, toInt } from "./parser.js"

export interface State {
  /** Current step. */
  readonly step?: BuildEvent.Step | undefined
  /** Container of the step. Until it is removed, all lines are output of the step. */
  readonly container?: string | undefined
  /** True within standard error of the step, which is colored. */
  readonly colored: boolean
  readonly exitCode?: number | undefined
}

const stepLine = /^Step (\d+)\/(\d+) : (.*)$/
const runningLine = /^ ---> (?:\[Warning\] .* )?Running in ([0-9a-f]{6,64})$/
// An unfinished last line of the step's output precedes it.
const removingLine = /^(.*?)(?:Removing| ---> Removed) intermediate container ([0-9a-f]{6,64})$/
const imageLine = /^ ---> [0-9a-f]{6,64}$/
const builtLine = /^Successfully (?:built [0-9a-f]{6,64}|tagged \S+)$/
const failedLine = /^The command '.*' returned a non-zero code: (\d+)$/

// Colors of a step's standard error.
const red = "\u001b[91m"
const reset = "\u001b[0m"

const isNextStep = (state: State, number: number, total: number) =>
  state.container === undefined || (number === (state.step?.number ?? 0) + 1 && total === state.step?.total)

/** Splits a line by the output on which the step has written its parts. */
const splitByColor = (text: string, colored: boolean): readonly [ReadonlyArray<Line>, colored: boolean] => {
  const found: Array<Line> = []
  let inRed = colored
  let rest = text
  for (;;) {
    const marker = inRed ? reset : red
    const at = rest.indexOf(marker)
    const piece = at === -1 ? rest : rest.slice(0, at)
    if (piece !== "" || (at === -1 && rest === text)) found.push({ source: inRed ? "stderr" : "stdout", text: piece })
    if (at === -1) return [found, inRed]
    inRed = !inRed
    rest = rest.slice(at + marker.length)
  }
}

const output = (state: State, { source, text }: Line): readonly [State, ReadonlyArray<BuildEvent.BuildEvent>] => {
  if (source === "stderr") return [state, [BuildEvent.OutputLine({ source, text })]]
  const [lines, colored] = splitByColor(text, state.colored)
  const step = state.step === undefined ? {} : { step: state.step }
  return [{ ...state, colored }, lines.map((line) => BuildEvent.OutputLine({ ...line, ...step }))]
}

const ended = ({ step }: State) => step === undefined ? [] : [BuildEvent.StepDone({ step })]

/**
 * Parser of Docker's classic builder. It writes progress to standard output and
 * its failure to standard error.
 *
 * https://github.com/moby/moby/blob/v28.2.2/builder/dockerfile/dispatchers.go
 */
export const parser: Parser<State> = {
  initial: { colored: false },
  next: (state, line) => {
    if (line.source === "stderr") {
      const exitCode = failedLine.exec(line.text)?.[1]
      return output(exitCode === undefined ? state : { ...state, exitCode: toInt(exitCode) }, line)
    }
    // Progress lines end with a carriage return, and so do lines after colored output.
    const text = withoutTrailing(
      state.colored && line.text.startsWith(reset) ? line.text.slice(reset.length) : line.text,
      "\r"
    )

    const [, number, total, instruction] = stepLine.exec(text) ?? []
    if (instruction !== undefined && isNextStep(state, toInt(number), toInt(total))) {
      const step = new BuildEvent.Step({ number: toInt(number), total: toInt(total), instruction })
      return [{ colored: false, step }, [...ended(state), BuildEvent.StepStarted({ step })]]
    }
    const [, before, removed] = removingLine.exec(text) ?? []
    if (before !== undefined && removed === state.container && removed !== undefined) {
      const [after, events] = before === "" ? [state, []] : output(state, { source: "stdout", text: before })
      return [{ ...after, colored: false, container: undefined }, events]
    }
    if (state.container !== undefined) return output(state, { source: "stdout", text: line.text })

    const running = runningLine.exec(text)?.[1]
    if (running !== undefined) return [{ ...state, container: running }, []]
    if (text === " ---> Using cache" && state.step !== undefined) {
      return [{ ...state, step: undefined }, [BuildEvent.StepCached({ step: state.step })]]
    }
    if (imageLine.test(text)) return [{ ...state, step: undefined }, ended(state)]
    return builtLine.test(text) ? [state, []] : output(state, { source: "stdout", text })
  },
  end: () => [],
  failure: ({ exitCode, step }) => ({ exitCode, step })
}
