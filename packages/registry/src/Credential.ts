/**
 * Credentials for a registry: a login, an identity token, or a registry token.
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
