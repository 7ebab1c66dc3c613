import { type Pipeable, pipeArguments } from "effect/Pipeable"

const Proto: Pipeable = {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** For a getter of classes of Schema, which have no `pipe` and whose own properties are what is compared. */
export const pipeMethod: Pipeable["pipe"] = Proto.pipe
