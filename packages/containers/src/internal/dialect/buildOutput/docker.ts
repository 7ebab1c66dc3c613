import type * as BuildEvent from "../../../BuildEvent.js"
import * as buildKit from "./buildKit.js"
import * as classic from "./classic.js"
import type { Parser } from "./parser.js"

export interface State {
  readonly classic: classic.State
  readonly buildKit: buildKit.State
  readonly isBuildKit: boolean
}

/**
 * Parser of Docker's client with either builder: the classic one writes to
 * standard output, BuildKit to standard error.
 */
export const parser: Parser<State> = {
  initial: { classic: classic.parser.initial, buildKit: buildKit.parser.initial, isBuildKit: false },
  next: (state, line): readonly [State, ReadonlyArray<BuildEvent.BuildEvent>] => {
    if (line.source === "stdout" || !(state.isBuildKit || buildKit.isNumbered(line.text))) {
      const [next, events] = classic.parser.next(state.classic, line)
      return [{ ...state, classic: next }, events]
    }
    const [next, events] = buildKit.parser.next(state.buildKit, line)
    return [{ ...state, buildKit: next, isBuildKit: true }, events]
  },
  end: () => [],
  failure: (state) => state.isBuildKit ? buildKit.parser.failure(state.buildKit) : classic.parser.failure(state.classic)
}
