import * as BuildEvent from "../../../BuildEvent.js"
import { type Failure, type Parser, toInt } from "./parser.js"

export interface State {
  /** What BuildKit has given a number; those that are no instruction have no step. */
  readonly vertices: ReadonlyMap<number, Vertex>
  readonly failure: Failure
}

interface Vertex {
  readonly step?: BuildEvent.Step | undefined
  readonly ended: boolean
}

const numberedLine = /^#(\d+) (.*)$/
const nameLine = /^\[(?:([^\]]*) )?(\d+)\/(\d+)\] (.*)$/
const outputLine = /^\d+\.\d+ (.*)$/
const digestLine = /^sha256:[0-9a-f]{64}$/
// Older versions leave it to the output of a step to end its last line.
const doneLine = /^(?:(.*)#(\d+) )?(DONE \d+(?:\.\d+)?s|CACHED|CANCELED)$/
const exitCode = /(?:exit code|exit status): (\d+)$/

export const isNumbered = (text: string): boolean => numberedLine.test(text)

const line = (text: string, step?: BuildEvent.Step) =>
  BuildEvent.OutputLine(
    step === undefined ? { source: "stderr", text } : { source: "stdout", text, step }
  )

const put = (state: State, number: number, vertex: Vertex): State => ({
  ...state,
  vertices: new Map(state.vertices).set(number, vertex)
})

const ended = (
  state: State,
  number: number,
  how: string | undefined
): readonly [State, ReadonlyArray<BuildEvent.BuildEvent>] => {
  const { ended = false, step } = state.vertices.get(number) ?? {}
  if (step === undefined || ended) return [state, []]
  const event = how === "CACHED"
    ? [BuildEvent.StepCached({ step })]
    : how === "CANCELED"
    ? []
    : [BuildEvent.StepDone({ step })]
  return [put(state, number, { step, ended: true }), event]
}

const failed = (state: State, number: number, message: string): State => {
  const step = state.vertices.get(number)?.step
  const code = exitCode.exec(message)?.[1]
  return state.failure.step !== undefined
    ? state
    : { ...state, failure: { step, exitCode: code === undefined ? undefined : toInt(code) } }
}

/**
 * BuildKit, by what its clients print with `--progress=plain`: each line
 * begins with the number of what it belongs to, in any order.
 *
 * https://github.com/moby/buildkit/blob/v0.22.0/util/progress/progressui/printer.go
 */
export const parser: Parser<State> = {
  initial: { vertices: new Map(), failure: {} },
  next: (state, { text }) => {
    const [, digits, rest] = numberedLine.exec(text) ?? []
    if (rest === undefined) return [state, text === "" ? [] : [line(text)]]
    const number = toInt(digits)
    const vertex = state.vertices.get(number)

    const [, written] = outputLine.exec(rest) ?? []
    const content = written ?? rest
    const [, before, inner, how] = doneLine.exec(content) ?? []
    if (how !== undefined && (written === undefined ? before === undefined : toInt(inner) === number)) {
      const [next, events] = ended(state, number, how)
      return [next, before === undefined ? events : [line(before, vertex?.step), ...events]]
    }
    if (written !== undefined) return [state, [line(written, vertex?.step)]]
    if (rest === "..." || digestLine.test(rest)) return [state, []]
    if (rest.startsWith("ERROR: ")) return [failed(state, number, rest), [line(rest, vertex?.step)]]
    if (vertex !== undefined) {
      const isName = vertex.step !== undefined && rest.startsWith("[") && rest.endsWith(vertex.step.instruction)
      return [state, isName ? [] : [line(rest, vertex.step)]]
    }

    const [, stage, position, total, instruction] = nameLine.exec(rest) ?? []
    if (instruction === undefined) return [put(state, number, { ended: false }), [line(rest)]]
    const step = new BuildEvent.Step({
      number: toInt(position),
      total: toInt(total),
      instruction,
      ...(stage === undefined ? {} : { stage })
    })
    return [put(state, number, { step, ended: false }), [BuildEvent.StepStarted({ step })]]
  },
  end: () => [],
  failure: ({ failure }) => failure
}
