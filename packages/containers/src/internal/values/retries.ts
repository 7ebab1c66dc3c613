import * as Schema from "effect/Schema"

/** Number of retries. */
export const Retries = Schema.Number.pipe(
  Schema.filter((retries) =>
    Number.isSafeInteger(retries) && retries >= 1
      ? undefined
      : `Invalid number of retries ${retries}: it is not an integer of 1 or more`, { identifier: "Retries" })
)
