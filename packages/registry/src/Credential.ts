/**
 * Credentials of registries, and where they come from.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/**
 * A user name and a password; the password may be an access token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Login {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/**
 * A credential with at least one of its parts present. For a token challenge the last part present is used.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential {
  readonly login: Option.Option<Login>
  /** An OAuth 2 refresh token, exchanged for access tokens at the token server. */
  readonly identityToken: Option.Option<Redacted.Redacted<string>>
  /** A bearer token that is sent to the registry as it is. */
  readonly registryToken: Option.Option<Redacted.Redacted<string>>
}

const empty: Credential = { login: Option.none(), identityToken: Option.none(), registryToken: Option.none() }

/**
 * Creates a credential of a user name and a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const login = (username: string, password: Redacted.Redacted<string>): Credential => ({
  ...empty,
  login: Option.some({ username, password })
})

/**
 * Creates a credential of an identity token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const identityToken = (token: Redacted.Redacted<string>): Credential => ({
  ...empty,
  identityToken: Option.some(token)
})

/**
 * Creates a credential of a registry token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const registryToken = (token: Redacted.Redacted<string>): Credential => ({
  ...empty,
  registryToken: Option.some(token)
})

/**
 * A tool with a credentials file.
 *
 * @since 0.1.0
 * @category models
 */
export type Tool = "docker" | "podman" | "ocipkg"

/**
 * A source of credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Source =
  | { readonly _tag: "Explicit" }
  | { readonly _tag: "Variable"; readonly name: string }
  | { readonly _tag: "File"; readonly tool: Tool; readonly path: string }

/**
 * Outcome of consulting a source:
 *
 * - `Found`: it has a credential
 * - `Absent`: the file does not exist, or the variable is not set
 * - `Unreadable`: the file cannot be read
 * - `Invalid`: the content, or a part of it, is malformed
 * - `NoEntry`: it has no entry for the registry
 * - `EmptyEntry`: its entry has no secret
 * - `InvalidEntry`: its entry is malformed
 * - `HelperMissing`, `HelperFailed`, `HelperTimedOut`, `HelperOutputInvalid`: its credential helper failed
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome =
  | "Found"
  | "Absent"
  | "Unreadable"
  | "Invalid"
  | "NoEntry"
  | "EmptyEntry"
  | "InvalidEntry"
  | "HelperMissing"
  | "HelperFailed"
  | "HelperTimedOut"
  | "HelperOutputInvalid"

/**
 * A step of a credential lookup: a source and its outcome.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consulted {
  readonly source: Source
  readonly outcome: Outcome
  /** The key of the entry, or the executable of the helper. */
  readonly at: Option.Option<string>
  /** Description of the problem; empty if there is none. Contains no secret. */
  readonly detail: string
}

/**
 * A credential and its source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly credential: Credential
  readonly source: Source
}
