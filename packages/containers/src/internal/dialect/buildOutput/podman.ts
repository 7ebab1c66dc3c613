import * as BuildEvent from "../../../BuildEvent.js"
import { type Line, type Parser, toInt } from "./parser.js"

export interface State {
  /** Step that was started last. */
  readonly step?: BuildEvent.Step | undefined
  readonly ended: boolean
  /** True after the last step. */
  readonly committed: boolean
  /** Line that belongs to the builder if the next line does, and otherwise to the step. */
  readonly held?: Line | undefined
  readonly exitCode?: number | undefined
}

const stepLine = /^(?:\[(\d+\/\d+)\] )?STEP (\d+)\/(\d+): (.*)$/
const cachedLine = /^--> Using cache [0-9a-f]{64}$/
// An unfinished last line of the step's output precedes it.
const imageLine = /^(.*)--> [0-9a-f]{11,64}$/
const commitLine = /^(?:\[\d+\/\d+\] )?COMMIT(?: \S+)?$/
const taggedLine = /^Successfully tagged \S+$/
const idLine = /^[0-9a-f]{64}$/
const failedLine = /^Error: .*(?:exit status|exit code) (\d+)$/

const isNextStep = ({ step }: State, stage: string | undefined, number: number, total: number) =>
  number === 1 ||
  (step === undefined ? true : number === step.number + 1 && total === step.total && stage === step.stage)

const done = ({ ended, step }: State) => step === undefined || ended ? [] : [BuildEvent.StepDone({ step })]

const output = ({ committed, ended, step }: State, { source, text }: Line) =>
  BuildEvent.OutputLine({ source, text, ...(step === undefined || committed || ended ? {} : { step }) })

const flushHeld = (state: State) => state.held === undefined ? [] : [output(state, state.held)]

/** Output of the step in the held line, if the line turned out to be the builder's. */
const beforeHeld = (state: State) => {
  const before = imageLine.exec(state.held?.text ?? "")?.[1]
  return before === undefined || before === "" ? [] : [output(state, { source: "stdout", text: before })]
}

/**
 * Parser of Podman's builder Buildah. It writes its own lines to standard output,
 * among those of the steps, and errors to standard error.
 *
 * https://github.com/containers/buildah/blob/v1.28.2/imagebuildah/stage_executor.go
 */
export const parser: Parser<State> = {
  initial: { ended: false, committed: false },
  next: (state, line) => {
    const { source, text } = line
    if (source === "stderr") {
      const code = failedLine.exec(text)?.[1]
      return [code === undefined ? state : { ...state, exitCode: toInt(code) }, [output(state, line)]]
    }
    const [, stage, number, total, instruction] = stepLine.exec(text) ?? []
    if (instruction !== undefined && isNextStep(state, stage, toInt(number), toInt(total))) {
      const step = new BuildEvent.Step({
        number: toInt(number),
        total: toInt(total),
        instruction,
        ...(stage === undefined ? {} : { stage })
      })
      return [
        { step, ended: false, committed: false },
        [...beforeHeld(state), ...done(state), BuildEvent.StepStarted({ step })]
      ]
    }
    if (commitLine.test(text) && state.step !== undefined) {
      return [{ ...state, ended: true, committed: true, held: undefined }, [...beforeHeld(state), ...done(state)]]
    }
    const flushed = flushHeld(state)
    const rest: State = { ...state, held: undefined }
    if (state.committed && (taggedLine.test(text) || idLine.test(text) || imageLine.test(text))) return [rest, flushed]
    if (cachedLine.test(text) && state.step !== undefined && !state.ended) {
      return [{ ...rest, ended: true }, [...flushed, BuildEvent.StepCached({ step: state.step })]]
    }
    if (imageLine.test(text)) return [{ ...rest, held: line }, flushed]
    return [rest, [...flushed, output(rest, line)]]
  },
  end: flushHeld,
  failure: ({ ended, exitCode, step }) => ({ step: ended ? undefined : step, exitCode })
}
