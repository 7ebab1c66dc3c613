import * as BuildEvent from "../../../BuildEvent.js"
import { type Failure, type Parser, toInt } from "./parser.js"

export interface State {
  /** Vertices by their numbers. Vertices other than instructions have no step. */
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
// Older versions do not end an unfinished last line of a step's output.
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
  result: string | undefined
): readonly [State, ReadonlyArray<BuildEvent.BuildEvent>] => {
  const { ended = false, step } = state.vertices.get(number) ?? {}
  if (step === undefined || ended) return [state, []]
  const event = result === "CACHED"
    ? [BuildEvent.StepCached({ step })]
    : result === "CANCELED"
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
 * Parser of BuildKit's `--progress=plain`. Each line begins with the number of
 * its vertex; lines of several vertices are interleaved.
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
    const [, before, inner, result] = doneLine.exec(content) ?? []
    if (result !== undefined && (written === undefined ? before === undefined : toInt(inner) === number)) {
      const [next, events] = ended(state, number, result)
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
