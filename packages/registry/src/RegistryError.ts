/**
 * What can go wrong between a program and a registry.
 *
 * Words of a registry are in the fields of an error as they were sent. In its `message`, and in what is logged, control
 * characters and those that reorder text are written as escapes, since a terminal would act on them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { printable } from "./internal/printable.js"
import * as reasons from "./internal/reasons.js"

/**
 * One of the errors that a registry listed in its answer, as it sent it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @since 0.1.0
 * @category models
 */
export class Reported extends Schema.Class<Reported>("@ociman/registry/RegistryError/Reported")({
  code: Schema.String,
  message: Schema.String,
  /** Whatever it added. */
  detail: Schema.optionalWith(Schema.Unknown, { exact: true })
}) {
  /**
   * Code and message, in which control characters are written as escapes.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return printable(this.message === "" ? this.code : `${this.code}: ${this.message}`)
  }
}

const listed = (errors: ReadonlyArray<Reported>): string => errors.length === 0 ? "" : ` (${errors.join("; ")})`

/**
 * A registry does not let in who asks:
 *
 * - `NoChallenge`: it did not say how
 * - `UnsupportedScheme`: it wants neither a token nor a password
 * - `NoRealm`: it wants a token, and does not say from where
 * - `NoCredentials`: it wants a user, and there are no credentials for it
 * - `Denied`: it did not take the credentials, or they are not good for this
 * - `TokenRefused`: the token server did not give out a token
 * - `TokenInvalid`: what the token server answered has none
 * - `TokenServerFailed`: the token server has a fault, or cannot be reached
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticationError extends Schema.TaggedError<AuthenticationError>(
  "@ociman/registry/AuthenticationError"
)("AuthenticationError", {
  registry: Schema.String,
  reason: Schema.Literal(
    "NoChallenge",
    "UnsupportedScheme",
    "NoRealm",
    "NoCredentials",
    "Denied",
    "TokenRefused",
    "TokenInvalid",
    "TokenServerFailed"
  ),
  detail: Schema.String,
  /** Where the credentials that were used are from; empty if none were. */
  source: Schema.optionalWith(Schema.String, { default: () => "" }),
  /** What was asked for, as registries write it; empty if nothing was. */
  scope: Schema.optionalWith(Schema.String, { default: () => "" }),
  /** The status of the answer, if there was one. */
  status: Schema.optionalWith(Schema.Number, { exact: true }),
  errors: Schema.optionalWith(Schema.Array(Reported), { default: () => [] })
}) {
  override get message(): string {
    const scope = this.scope === "" ? "" : ` for ${this.scope}`
    const source = this.source === "" ? "" : `, with the credentials from ${this.source}`
    return printable(`Cannot authenticate at ${this.registry}${scope}${source}: ${this.detail}${listed(this.errors)}`)
  }
}

/**
 * Why a registry did not do what it was asked. Those in capitals are its own words, or what its status means where it
 * gave none; the others are of this side:
 *
 * - `Unreachable`: there was no connection, or it was lost
 * - `TimedOut`: nothing came for too long
 * - `Truncated`: the answer ended early
 * - `Unavailable`: the registry is there and has a fault, or is too busy
 * - `TooLarge`: more than is read, or more than it takes
 * - `InvalidAnswer`: the answer is not one of the protocol
 * - `Refused`: it points to where this program does not go
 * - `Unexpected`: a status that means nothing here
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @since 0.1.0
 * @category models
 */
export const Reason = Schema.Literal(...reasons.spoken, ...reasons.own)

/**
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

/**
 * A registry did not do what it was asked.
 *
 * @since 0.1.0
 * @category errors
 */
export class RegistryFailed extends Schema.TaggedError<RegistryFailed>("@ociman/registry/RegistryFailed")(
  "RegistryFailed",
  {
    reason: Reason,
    method: Schema.String,
    /** What was asked, without its query and whatever else may be secret. */
    url: Schema.String,
    /** The status of the answer, if there was one. */
    status: Schema.optionalWith(Schema.Number, { exact: true }),
    /** What the registry listed. */
    errors: Schema.optionalWith(Schema.Array(Reported), { default: () => [] }),
    /** By which its operators find the request. */
    requestId: Schema.optionalWith(Schema.String, { exact: true }),
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    const status = this.status === undefined ? "" : ` answered ${this.status}`
    const request = this.requestId === undefined ? "" : ` [request ${this.requestId}]`
    return printable(`${this.method} ${this.url}${status}: ${this.detail}${listed(this.errors)}${request}`)
  }
}

/**
 * @since 0.1.0
 * @category errors
 */
export const RegistryError = Schema.Union(RegistryFailed, AuthenticationError)

/**
 * @since 0.1.0
 * @category errors
 */
export type RegistryError = typeof RegistryError.Type

/**
 * @since 0.1.0
 * @category refinements
 */
export const isRegistryError: (u: unknown) => u is RegistryError = Schema.is(RegistryError)

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
    return printable(
      `Cannot ${this.operation === "login" ? "keep" : "forget"} credentials of ${this.key}: ${this.detail}`
    )
  }
}
