import * as Order from "effect/Order"
import * as Definition from "../Definition.js"

const session = "ociman.session"
const creation = "ociman.creation"

/**
 * Marks a container as this library's, and as the outcome of one call.
 *
 * @internal
 */
export const add = (
  definition: Definition.Definition,
  values: { readonly session: string; readonly creation: string }
): Definition.Definition => Definition.labels(definition, { [session]: values.session, [creation]: values.creation })

/** @internal */
export const creationOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[creation]

/**
 * The other labels, sorted by key, in whatever order the engine answers.
 *
 * @internal
 */
export const without = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels)
      .filter(([key]) => key !== session && key !== creation)
      .sort(([a], [b]) => Order.string(a, b))
  )
