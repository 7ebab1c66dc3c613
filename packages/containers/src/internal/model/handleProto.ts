import * as Inspectable from "effect/Inspectable"
import { type Pipeable, pipeArguments } from "effect/Pipeable"

/**
 * Methods of every handle: `pipe`, and printing by its identity.
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
