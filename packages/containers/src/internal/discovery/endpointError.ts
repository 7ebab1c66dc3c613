import * as Effect from "effect/Effect"
import { EndpointError } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"

/** Fails with an `EndpointError` of an engine. */
export const failWith =
  (engine: Engine.Name) => (reason: EndpointError["reason"], detail: string): Effect.Effect<never, EndpointError> =>
    Effect.fail(new EndpointError({ engine, reason, detail }))
