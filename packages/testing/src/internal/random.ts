import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** @internal */
export const randomHex: Effect.Effect<string> = Effect.map(
  Random.nextIntBetween(0, 2 ** 32),
  (number) => number.toString(16).padStart(8, "0")
)
