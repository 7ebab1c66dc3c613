import { type Pipeable, pipeArguments } from "effect/Pipeable"

const Proto: Pipeable = {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** Getter value for Schema classes, which have no `pipe`, and whose own properties take part in equality. */
export const pipeMethod: Pipeable["pipe"] = Proto.pipe
