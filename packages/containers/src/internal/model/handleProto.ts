import * as Inspectable from "effect/Inspectable"
import { type Pipeable, pipeArguments } from "effect/Pipeable"

/**
 * The methods of every handle: it is piped, and printed as what identifies it.
 *
 * @internal
 */
export const handleProto = (toJSON: () => unknown): Pipeable & Inspectable.Inspectable => ({
  pipe() {
    return pipeArguments(this, arguments)
  },
  toJSON,
  toString: () => Inspectable.format(toJSON()),
  [Inspectable.NodeInspectSymbol]: toJSON
})
