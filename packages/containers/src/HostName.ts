/**
 * Host names.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { atMostBytes, each, firstOf, isAlphanumeric, nonEmpty, refined } from "./internal/values/text.js"

/**
 * Host name: ASCII letters and digits, `.`, `-` and `_`, at most 253 characters. It does not begin with `-`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1123#section-2.1
 * @since 0.1.0
 * @category schemas
 */
export const HostName = refined(
  "HostName",
  "host name",
  firstOf(
    nonEmpty,
    each(
      (char, position) => isAlphanumeric(char) || char === "." || char === "_" || (char === "-" && position > 0),
      "a host name has letters and digits of ASCII, \".\", \"_\" and, but not first, \"-\""
    ),
    atMostBytes(253)
  )
).pipe(Schema.brand("@ociman/containers/HostName"))

/**
 * Host name.
 *
 * @since 0.1.0
 * @category models
 */
export type HostName = typeof HostName.Type

/**
 * Creates a host name. Throws if the text is not a {@link HostName}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (name: string) => HostName = Schema.decodeSync(HostName)
