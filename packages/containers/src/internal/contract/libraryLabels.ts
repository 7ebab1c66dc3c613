import * as Order from "effect/Order"
import * as Label from "../../Label.js"
import * as Session from "../../Session.js"
import { version } from "../values/libraryVersion.js"
import type { Host } from "./host.js"

/** @internal */
export const creationKey = "ociman.creation"
const lifetime = "ociman.lifetime"

const library = `ociman/${version}`

/**
 * What one call makes, and how long that is meant to live: as long as a scope
 * of its program, or until somebody removes it.
 *
 * @internal
 */
export interface Made {
  readonly session: string
  readonly creation: string
  readonly lifetime: "scope" | "kept"
}

/**
 * What marks something as this library's, as this process's, and as the
 * outcome of one call.
 *
 * @internal
 */
export const of = ({ currentProcess }: Host, made: Made) => ({
  ...Session.toLabels({ library, session: made.session, process: currentProcess }),
  [creationKey]: made.creation,
  [lifetime]: made.lifetime
})

/**
 * The labels of an image that is built, with what marks it as this library's. It
 * is the same in every build, so that builders find what they have built before.
 *
 * @internal
 */
export const ofImage = (labels: Label.Labels): Label.Labels => Label.set(labels, Session.libraryKey, library)

/**
 * Selects the outcome of one call.
 *
 * @internal
 */
export const madeBy = (token: string): Label.Filter => Label.equals(creationKey, token)

/** @internal */
export const creationOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[creationKey]

/** @internal */
export const isKept = (labels: Readonly<Record<string, string>>): boolean => labels[lifetime] !== "scope"

const keys: ReadonlySet<string> = new Set([...Session.labelKeys, creationKey, lifetime])

/**
 * The other labels, sorted by key, in whatever order the engine answers.
 *
 * @internal
 */
export const without = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels)
      .filter(([key]) => !keys.has(key))
      .sort(([a], [b]) => Order.string(a, b))
  )
