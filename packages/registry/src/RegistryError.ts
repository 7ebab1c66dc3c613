/**
 * What can go wrong between a program and a registry.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A registry cannot be told who asks:
 *
 * - `NoChallenge`: it did not say how
 * - `UnsupportedScheme`: it wants neither a token nor a password
 * - `NoRealm`: it wants a token, and does not say from where
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticationError extends Schema.TaggedError<AuthenticationError>(
  "@ociman/registry/AuthenticationError"
)("AuthenticationError", {
  registry: Schema.String,
  reason: Schema.Literal("NoChallenge", "UnsupportedScheme", "NoRealm"),
  detail: Schema.String
}) {
  override get message(): string {
    return `Cannot authenticate at ${this.registry}: ${this.detail}`
  }
}

/**
 * Credentials could not be kept, or forgotten:
 *
 * - `NoPlace`: the tool has no file here, since neither a home directory nor a variable is set
 * - `InvalidFile`: the file is there and cannot be read as one of credentials; it is left as it is
 * - `Unwritable`: the system refused to write it
 * - `InvalidCredential`: the format of these files cannot hold it
 * - `Namespaced`: it is for a part of a registry, for which the tool or its helper has no place
 * - `HelperFailed`: the helper that is configured did not keep it, or forget it
 * - `NotLoggedIn`: there was nothing to forget
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsError extends Schema.TaggedError<CredentialsError>("@ociman/registry/CredentialsError")(
  "CredentialsError",
  {
    operation: Schema.Literal("login", "logout"),
    /** The registry, or the part of it. */
    key: Schema.String,
    reason: Schema.Literal(
      "NoPlace",
      "InvalidFile",
      "Unwritable",
      "InvalidCredential",
      "Namespaced",
      "HelperFailed",
      "NotLoggedIn"
    ),
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    return `Cannot ${this.operation === "login" ? "keep" : "forget"} credentials of ${this.key}: ${this.detail}`
  }
}
