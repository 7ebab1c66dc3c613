/**
 * What proves to a registry who asks.
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
 * At least one of them is there. A registry that asks for a token is given the last one that there is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential {
  readonly login: Option.Option<Login>
  /** A refresh token, for which the token server gives out others. */
  readonly identityToken: Option.Option<Redacted.Redacted<string>>
  /** A token that the registry itself takes. */
  readonly registryToken: Option.Option<Redacted.Redacted<string>>
}

const nothing: Credential = { login: Option.none(), identityToken: Option.none(), registryToken: Option.none() }

/**
 * @since 0.1.0
 * @category constructors
 */
export const login = (username: string, password: Redacted.Redacted<string>): Credential => ({
  ...nothing,
  login: Option.some({ username, password })
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const identityToken = (token: Redacted.Redacted<string>): Credential => ({
  ...nothing,
  identityToken: Option.some(token)
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const registryToken = (token: Redacted.Redacted<string>): Credential => ({
  ...nothing,
  registryToken: Option.some(token)
})
