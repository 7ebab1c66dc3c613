/** Tokens: where they are asked for, how, and how long they last. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Login } from "../Credential.js"
import { AuthenticationError, type RegistryError } from "../RegistryError.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import type { Answer, Request } from "./transport.js"

declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

export interface Token {
  readonly header: Redacted.Redacted<string>
  /** Milliseconds from now in which it is good. */
  readonly lifetime: number
  /** By which further tokens are asked for in place of a password. */
  readonly refresh: Option.Option<Redacted.Redacted<string>>
}

export interface Wanted {
  /** The registry that asks for it, as errors name it. */
  readonly registry: string
  readonly realm: Address
  readonly service: Option.Option<string>
  /** As registries write them, the most important one first. */
  readonly scopes: ReadonlyArray<string>
  readonly login: Option.Option<Login>
  readonly identity: Option.Option<Redacted.Redacted<string>>
  /** Where the credentials are from. */
  readonly source: string
}

/** More than any token is long. */
const limit = 128 * 1024

/** What servers that say nothing mean, and the shortest that is believed, in seconds. */
const shortest = 60

const clientId = "ociman"

const nullable = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true })

const Given = Schema.parseJson(Schema.Struct({
  token: nullable(Schema.String),
  access_token: nullable(Schema.String),
  refresh_token: nullable(Schema.String),
  expires_in: nullable(Schema.Number),
  issued_at: nullable(Schema.String)
}))

/** What goes into a header, where a stray line break must not. */
const bearer = (token: string): Redacted.Redacted<string> => Redacted.make(`Bearer ${token}`)

const isHeaderValue = (token: string): boolean => /^[!-~]+$/.test(token)

/** A clock that differs from the server's must not make a token that was just given out a stale one. */
const lifetimeOf = (expiresIn: number | undefined, issuedAt: string | undefined, now: number): number => {
  const whole = Math.max(expiresIn ?? shortest, shortest) * 1000
  const age = issuedAt === undefined ? 0 : now - Date.parse(issuedAt)
  const left = age > 0 && age < whole ? whole - age : whole
  return left - Math.min(left / 5, 10_000)
}

export const read = (body: string, now: number): Either.Either<Token, string> =>
  Either.match(Schema.decodeUnknownEither(Given)(body), {
    onLeft: () => Either.left("the answer of its token server cannot be read"),
    onRight: ({ access_token, expires_in, issued_at, refresh_token, token }) => {
      const given = access_token ?? token ?? ""
      return isHeaderValue(given)
        ? Either.right({
          header: bearer(given),
          lifetime: lifetimeOf(expires_in, issued_at, now),
          refresh: Option.map(Option.fromNullable(refresh_token), (_) => Redacted.make(_))
        })
        : Either.left("the answer of its token server has no token")
    }
  })

/** A user's name and password as a header; names have no colon, and neither is empty. */
export const basic = ({ password, username }: Login): Option.Option<Redacted.Redacted<string>> =>
  username === "" || Redacted.value(password) === ""
    ? Option.none()
    : Option.some(Redacted.make(`Basic ${Encoding.encodeBase64(encode(`${username}:${Redacted.value(password)}`))}`))

/** What is used as it is. */
export const ready = bearer

export interface TokenRequest extends Request {
  readonly authorization: Option.Option<Redacted.Redacted<string>>
}

const get = ({ identity, login, realm, scopes, service }: Wanted): TokenRequest => ({
  method: "GET",
  address: addresses.withQuery(realm, [
    ...Option.toArray(Option.map(service, (_) => ["service", _] as const)),
    ...scopes.map((scope) => ["scope", scope] as const)
  ]),
  headers: { accept: "application/json" },
  body: { _tag: "None" },
  authorization: Option.flatMap(
    Option.orElse(login, () => Option.map(identity, (password) => ({ username: "<token>", password }))),
    basic
  )
})

/** @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md */
const post = (
  { realm, scopes, service }: Wanted,
  type: "password" | "refresh_token",
  grant: Readonly<Record<string, string>>
): TokenRequest => {
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

/** The ways to ask for a token, the usual one first: by OAuth with an identity token, else the older one. */
const ways = (wanted: Wanted): readonly [TokenRequest, Option.Option<TokenRequest>] =>
  Option.match(wanted.identity, {
    onSome: (
      identity
    ) => [post(wanted, "refresh_token", { refresh_token: Redacted.value(identity) }), Option.some(get(wanted))],
    onNone: () => [
      get(wanted),
      Option.map(Option.filter(wanted.login, (login) => Option.isSome(basic(login))), ({ password, username }) =>
        post(wanted, "password", { username, password: Redacted.value(password) }))
    ]
  })

/** Asks for a token, and in the other way if the server does not know the first one. */
export const request = (
  wanted: Wanted,
  send: (request: TokenRequest) => Effect.Effect<Answer, RegistryError>
): Effect.Effect<Token, RegistryError> => {
  const fail = (
    reason: AuthenticationError["reason"],
    detail: string,
    more: Partial<Pick<AuthenticationError, "status" | "errors">> = {}
  ) =>
    new AuthenticationError({
      registry: wanted.registry,
      reason,
      detail,
      source: wanted.source,
      scope: wanted.scopes.join(" "),
      ...more
    })
  return Effect.gen(function*() {
    const [usual, other] = ways(wanted)
    const first = yield* send(usual)
    const isUnknown = first.status === 404 || first.status === 405
    if (isUnknown && Option.isSome(other)) yield* answers.drop(first)
    const answer = isUnknown && Option.isSome(other) ? yield* send(other.value) : first
    if (answer.status !== 200) {
      const { errors, message } = yield* answers.refusal(answer)
      const isRefused = answer.status >= 400 && answer.status < 500
      return yield* isRefused
        ? fail("TokenRefused", `its token server at ${addresses.show(wanted.realm)} gives none out`, {
          status: answer.status,
          errors
        })
        : fail("TokenServerFailed", message, { status: answer.status })
    }
    const body = yield* answers.document(answer, limit, "the answer of the token server").pipe(
      Effect.catchIf(({ reason }) => reason === "TooLarge", ({ detail }) => fail("TokenInvalid", detail))
    )
    const now = yield* Clock.currentTimeMillis
    return yield* Either.mapLeft(read(answers.text(body), now), (detail) => fail("TokenInvalid", detail))
  })
}
