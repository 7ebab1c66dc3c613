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
 * Identity of a creation call, and lifetime of its resource: until the scope closes, or until it is removed explicitly.
 *
 * @internal
 */
export interface Creation {
  readonly session: string
  readonly creation: string
  readonly lifetime: "scope" | "kept"
}

/**
 * Returns the labels that identify the library, the process, and the creation call of a resource.
 *
 * @internal
 */
export const of = ({ currentProcess }: Host, creation: Creation) => ({
  ...Session.toLabels({ library, session: creation.session, process: currentProcess }),
  [creationKey]: creation.creation,
  [lifetime]: creation.lifetime
})

/**
 * Adds the labels of {@link of} to those of a request.
 *
 * @internal
 */
export const addedTo = (labels: Label.Labels, added: Readonly<Record<string, string>>): Label.Labels =>
  Object.entries(added).reduce((all, [key, value]) => Label.set(all, key, value), labels)

/**
 * Adds the label of this library to those of an image. It is the same in every build, so that builders find cached
 * results.
 *
 * @internal
 */
export const ofImage = (labels: Label.Labels): Label.Labels => Label.set(labels, Session.libraryKey, library)

/**
 * Filter that matches the resource of one creation call.
 *
 * @internal
 */
export const createdBy = (token: string): Label.Filter => Label.equals(creationKey, token)

/** @internal */
export const creationOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[creationKey]

/** @internal */
export const isKept = (labels: Readonly<Record<string, string>>): boolean => labels[lifetime] !== "scope"

const keys: ReadonlySet<string> = new Set([...Session.labelKeys, creationKey, lifetime])

/**
 * Returns all other labels, sorted by key.
 *
 * @internal
 */
export const without = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels)
      .filter(([key]) => !keys.has(key))
      .sort(([a], [b]) => Order.string(a, b))
  )
