/** Requests for bearer tokens at token servers, and lifetimes of the tokens. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Credential, Login } from "../../Credential.js"
import { AuthenticationError, type RegistryError } from "../../RegistryError.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as responses from "../http/responses.js"
import type { Request, Response } from "../http/transport.js"

declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

export interface Token {
  readonly header: Redacted.Redacted<string>
  /** Milliseconds for which the token is used. */
  readonly lifetime: number
  /** Refresh token, used instead of the password for further requests. */
  readonly refresh: Option.Option<Redacted.Redacted<string>>
}

/** Parameters of a token request. */
export interface TokenRequest extends Pick<Credential, "identityToken" | "login"> {
  /** The registry that requires the token, for error messages. */
  readonly registry: string
  readonly realm: Address
  readonly service: Option.Option<string>
  /** Formatted scopes, most important first. */
  readonly scopes: ReadonlyArray<string>
  /** Source of the credential. */
  readonly source: string
}

/** Maximum size of a token response. */
const limit = 128 * 1024

/** Default and minimum lifetime of a token, in seconds. */
const shortest = 60

const clientId = "ociman"

const nullable = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true })

const TokenResponse = Schema.parseJson(Schema.Struct({
  token: nullable(Schema.String),
  access_token: nullable(Schema.String),
  refresh_token: nullable(Schema.String),
  expires_in: nullable(Schema.Number),
  issued_at: nullable(Schema.String)
}))

/** Formats a token as an `Authorization` header. */
export const bearer = (token: string): Redacted.Redacted<string> => Redacted.make(`Bearer ${token}`)

/** Rejects characters that are invalid in a header, such as a line break. */
const isHeaderValue = (token: string): boolean => /^[!-~]+$/.test(token)

/** Ignores an issue time that would make a new token expire at once, since the clocks may differ. */
const lifetimeOf = (expiresIn: number | undefined, issuedAt: string | undefined, now: number): number => {
  const whole = Math.max(expiresIn ?? shortest, shortest) * 1000
  const age = issuedAt === undefined ? 0 : now - Date.parse(issuedAt)
  const left = age > 0 && age < whole ? whole - age : whole
  return left - Math.min(left / 5, 10_000)
}

export const read = (body: string, now: number): Either.Either<Token, string> =>
  Either.match(Schema.decodeUnknownEither(TokenResponse)(body), {
    onLeft: () => Either.left("the response of its token server is malformed"),
    onRight: ({ access_token, expires_in, issued_at, refresh_token, token }) => {
      const value = access_token ?? token ?? ""
      return isHeaderValue(value)
        ? Either.right({
          header: bearer(value),
          lifetime: lifetimeOf(expires_in, issued_at, now),
          refresh: Option.map(Option.fromNullable(refresh_token), (_) => Redacted.make(_))
        })
        : Either.left("the response of its token server has no token")
    }
  })

/** Formats a login as an `Authorization` header; none if the user name or the password is empty. */
export const basic = ({ password, username }: Login): Option.Option<Redacted.Redacted<string>> =>
  username === "" || Redacted.value(password) === ""
    ? Option.none()
    : Option.some(Redacted.make(`Basic ${Encoding.encodeBase64(encode(`${username}:${Redacted.value(password)}`))}`))

export interface TokenHttpRequest extends Request {
  readonly authorization: Option.Option<Redacted.Redacted<string>>
}

const get = ({ identityToken, login, realm, scopes, service }: TokenRequest): TokenHttpRequest => ({
  method: "GET",
  address: addresses.withQuery(realm, [
    ...Option.toArray(Option.map(service, (_) => ["service", _] as const)),
    ...scopes.map((scope) => ["scope", scope] as const)
  ]),
  headers: { accept: "application/json" },
  body: { _tag: "None" },
  authorization: Option.flatMap(
    Option.orElse(login, () => Option.map(identityToken, (password) => ({ username: "<token>", password }))),
    basic
  )
})

/** @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md */
const post = (
  { realm, scopes, service }: TokenRequest,
  type: "password" | "refresh_token",
  grant: Readonly<Record<string, string>>
): TokenHttpRequest => {
  const fields: ReadonlyArray<readonly [string, string]> = [
    ["grant_type", type],
    ...Option.toArray(Option.map(service, (_) => ["service", _] as const)),
    ["client_id", clientId],
    ...(scopes.length === 0 ? [] : [["scope", scopes.join(" ")] as const]),
    ...Object.entries(grant)
  ]
  return {
    method: "POST",
    address: realm,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: {
      _tag: "Bytes",
      bytes: encode(fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&"))
    },
    authorization: Option.none()
  }
}

/** Lists the request to try first, and an alternative: OAuth 2 first with an identity token, GET first otherwise. */
const alternatives = (tokenRequest: TokenRequest): readonly [TokenHttpRequest, Option.Option<TokenHttpRequest>] =>
  Option.match(tokenRequest.identityToken, {
    onSome: (token) => [
      post(tokenRequest, "refresh_token", { refresh_token: Redacted.value(token) }),
      Option.some(get(tokenRequest))
    ],
    onNone: () => [
      get(tokenRequest),
      Option.map(
        Option.filter(tokenRequest.login, (login) => Option.isSome(basic(login))),
        ({ password, username }) => post(tokenRequest, "password", { username, password: Redacted.value(password) })
      )
    ]
  })

/** Requests a token, by the alternative request if the server does not support the first one. */
export const request = (
  tokenRequest: TokenRequest,
  send: (request: TokenHttpRequest) => Effect.Effect<Response, RegistryError>
): Effect.Effect<Token, RegistryError> => {
  const fail = (
    reason: AuthenticationError["reason"],
    detail: string,
    more: Partial<Pick<AuthenticationError, "status" | "errors">> = {}
  ) =>
    new AuthenticationError({
      registry: tokenRequest.registry,
      reason,
      detail,
      source: tokenRequest.source,
      scope: tokenRequest.scopes.join(" "),
      ...more
    })
  return Effect.gen(function*() {
    const [preferred, alternative] = alternatives(tokenRequest)
    const first = yield* send(preferred)
    const isUnsupported = first.status === 404 || first.status === 405
    if (isUnsupported && Option.isSome(alternative)) yield* responses.drop(first)
    const response = isUnsupported && Option.isSome(alternative) ? yield* send(alternative.value) : first
    if (response.status !== 200) {
      const { errors, message } = yield* responses.readError(response)
      const isRefused = response.status >= 400 && response.status < 500
      return yield* isRefused
        ? fail("TokenRefused", `its token server at ${addresses.show(tokenRequest.realm)} refused the request`, {
          status: response.status,
          errors
        })
        : fail("TokenServerFailed", message, { status: response.status })
    }
    const body = yield* responses.document(response, limit, "the response of the token server").pipe(
      Effect.catchIf(({ reason }) => reason === "TooLarge", ({ detail }) => fail("TokenInvalid", detail))
    )
    const now = yield* Clock.currentTimeMillis
    return yield* Either.mapLeft(read(responses.text(body), now), (detail) => fail("TokenInvalid", detail))
  })
}
