/**
 * Removal of secrets from text.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import * as internal from "../internal/redaction.js"

/**
 * Creates a function that replaces the values by `<redacted>`: as they are, and
 * trimmed or quoted for JSON, a shell or a URL. A value of up to three characters
 * is replaced only where it stands alone.
 *
 * @example
 * ```ts
 * import * as Redaction from "@ociman/process/author/Redaction"
 * import { Redacted } from "effect"
 *
 * const redact = Redaction.make([Redacted.make("hunter2")])
 * assert.strictEqual(redact("login with hunter2"), "login with <redacted>")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (secrets: ReadonlyArray<Redacted.Redacted<string>>): (text: string) => string =>
  internal.make(secrets).text
