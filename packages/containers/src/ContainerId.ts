/**
 * Identities of containers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { refined } from "./internal/values/text.js"

/**
 * The identity of a container, given by its engine: 64 hexadecimal digits in lower case.
 *
 * An engine also finds a container by the first digits of its id. Such a prefix is a query whose answer can change, not
 * an identity, and so it is not a `ContainerId`.
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
 * The identity of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type ContainerId = typeof ContainerId.Type

/**
 * The identity of a container. Throws if it is not 64 hexadecimal digits in lower case.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (id: string) => ContainerId = Schema.decodeSync(ContainerId)

/**
 * The first 12 digits, as engines list containers.
 *
 * @since 0.1.0
 * @category conversions
 */
export const short = (self: ContainerId): string => self.slice(0, 12)
