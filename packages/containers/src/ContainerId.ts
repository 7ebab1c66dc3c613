/**
 * Ids of containers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { refined } from "./internal/values/text.js"

/**
 * Id of a container, assigned by its engine: 64 hexadecimal digits in lower case.
 *
 * Engines also find a container by the first digits of its id. Such a prefix is not a `ContainerId`: which container it
 * denotes can change.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ContainerId = refined(
  "ContainerId",
  "container id",
  (text) => /^[0-9a-f]{64}$/.test(text) ? undefined : "it is not 64 hexadecimal digits in lower case"
).pipe(Schema.brand("@ociman/containers/ContainerId"))

/**
 * Id of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type ContainerId = typeof ContainerId.Type

/**
 * Creates the id of a container. Throws if the text is not 64 hexadecimal digits in lower case.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (id: string) => ContainerId = Schema.decodeSync(ContainerId)

/**
 * Returns the first 12 digits, as in the engines' lists of containers.
 *
 * @since 0.1.0
 * @category conversions
 */
export const short = (self: ContainerId): string => self.slice(0, 12)
