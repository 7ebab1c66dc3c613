/**
 * Errors of registries and credentials.
 *
 * Fields of an error hold text of a registry as it was sent. In `message` and in logs, control characters and
 * bidirectional formatting characters are escaped, since a terminal would interpret them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as errorCodes from "./internal/errorCodes.js"
import { printable } from "./internal/printable.js"

/**
 * An error that a registry listed in the body of its response, unchanged.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @since 0.1.0
 * @category models
 */
export class Reported extends Schema.Class<Reported>("@ociman/registry/RegistryError/Reported")({
  code: Schema.String,
  message: Schema.String,
  /** Unstructured additional data of the registry. */
  detail: Schema.optionalWith(Schema.Unknown, { exact: true })
}) {
  /**
   * Formats code and message, with control characters escaped.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return printable(this.message === "" ? this.code : `${this.code}: ${this.message}`)
  }
}

const listed = (errors: ReadonlyArray<Reported>): string => errors.length === 0 ? "" : ` (${errors.join("; ")})`

/**
 * Authentication at a registry failed:
 *
 * - `NoChallenge`: its 401 response has no challenge
 * - `UnsupportedScheme`: it supports neither Bearer nor Basic authentication
 * - `NoRealm`: its Bearer challenge does not name a token server
 * - `NoCredentials`: it requires a user name and a password, and no credential was found
 * - `Denied`: it rejected the credential, or the credential does not permit the request
 * - `TokenRefused`: the token server refused to issue a token
 * - `TokenInvalid`: the response of the token server contains no valid token
 * - `TokenServerFailed`: the token server failed or cannot be reached
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
  /** Source of the credential that was used; empty if none was. */
  source: Schema.optionalWith(Schema.String, { default: () => "" }),
  /** Requested token scopes, separated by spaces; empty if none. */
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
 * Reason of a failed request. Reasons in capitals are error codes of the registry, or derived from the status if the
 * response has none. The others are determined by the client:
 *
 * - `Unreachable`: no connection could be made, or it was lost
 * - `TimedOut`: a time limit passed
 * - `Truncated`: the response ended early
 * - `Unavailable`: the registry failed or is overloaded
 * - `TooLarge`: the response exceeds a limit of the client, or the request a limit of the registry
 * - `InvalidResponse`: the response violates the protocol
 * - `Refused`: the security policy forbids the target of the response
 * - `Unexpected`: the status has no meaning in the protocol
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @since 0.1.0
 * @category models
 */
export const Reason = Schema.Literal(...errorCodes.registryCodes, ...errorCodes.clientReasons)

/**
 * Reason of a failed request.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

/**
 * A request to a registry failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class RegistryFailed extends Schema.TaggedError<RegistryFailed>("@ociman/registry/RegistryFailed")(
  "RegistryFailed",
  {
    reason: Reason,
    method: Schema.String,
    /** URL of the request without its query, which may contain secrets. */
    url: Schema.String,
    /** The status of the answer, if there was one. */
    status: Schema.optionalWith(Schema.Number, { exact: true }),
    /** Errors listed in the response. */
    errors: Schema.optionalWith(Schema.Array(Reported), { default: () => [] }),
    /** Identifier of the request in the logs of the registry. */
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
 * Schema of {@link RegistryError}.
 *
 * @since 0.1.0
 * @category errors
 */
export const RegistryError = Schema.Union(RegistryFailed, AuthenticationError)

/**
 * An error of an operation on a registry.
 *
 * @since 0.1.0
 * @category errors
 */
export type RegistryError = typeof RegistryError.Type

/**
 * Checks if a value is a {@link RegistryError}.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isRegistryError: (u: unknown) => u is RegistryError = Schema.is(RegistryError)

/**
 * A credential could not be stored or removed:
 *
 * - `NoPlace`: the tool's file has no location, since neither a home directory nor a variable is set
 * - `InvalidFile`: the file exists but is not a valid credentials file; it is left unchanged
 * - `Unwritable`: the file cannot be written
 * - `InvalidCredential`: the file format cannot represent the credential
 * - `Namespaced`: the key has a path, and the tool or its helper stores credentials of whole registries only
 * - `HelperFailed`: the configured credential helper failed
 * - `NotLoggedIn`: there is no credential to remove
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsError extends Schema.TaggedError<CredentialsError>("@ociman/registry/CredentialsError")(
  "CredentialsError",
  {
    operation: Schema.Literal("login", "logout"),
    /** Registry key of the credential. */
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
      `Cannot ${this.operation === "login" ? "store" : "remove"} the credential for ${this.key}: ${this.detail}`
    )
  }
}

/**
 * The input is not a valid name of a registry or repository. `rule` is the violated rule.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRegistryName extends Schema.TaggedError<InvalidRegistryName>(
  "@ociman/registry/InvalidRegistryName"
)(
  "InvalidRegistryName",
  { input: Schema.String, rule: Schema.String }
) {
  override get message(): string {
    return printable(`Invalid name of a registry ${JSON.stringify(this.input)}: ${this.rule}`)
  }
}
