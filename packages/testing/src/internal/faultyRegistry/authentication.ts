import * as Headers from "@effect/platform/Headers"
import type * as BackendDriver from "@ociman/containers/BackendDriver"
import * as TokenScope from "@ociman/registry/author/TokenScope"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import type { Authentication, Request, TokenOptions } from "../../FaultyRegistry.js"
import type { Delivered } from "./delivery.js"

interface Token {
  readonly scopes: ReadonlyArray<TokenScope.TokenScope>
  readonly expires: number
  uses: number
}

/** @internal */
export interface Tokens {
  readonly issued: Map<string, Token>
  count: number
}

/** @internal */
export const none = (): Tokens => ({ issued: new Map(), count: 0 })

const encoder = new TextEncoder()

const answer = (status: number, headers: Readonly<Record<string, string>>, value: unknown): Delivered => {
  const body = encoder.encode(JSON.stringify(value))
  return {
    status,
    headers: Headers.fromInput({
      "content-type": "application/json",
      "content-length": String(body.length),
      ...headers
    }),
    body
  }
}

const unauthorized = (challenge?: string): Delivered =>
  answer(401, challenge === undefined ? {} : { "www-authenticate": challenge }, {
    errors: [{ code: "UNAUTHORIZED", message: "authentication required", detail: null }]
  })

const isUser = ({ password, username }: BackendDriver.Credentials, header: string | undefined) =>
  header?.toLowerCase().startsWith("basic ") === true &&
  Either.getOrNull(Encoding.decodeBase64String(header.slice(6).trim())) === `${username}:${Redacted.value(password)}`

const actions: Readonly<Record<string, ReadonlyArray<string>>> = {
  GET: ["pull"],
  HEAD: ["pull"],
  DELETE: ["delete"]
}

/** Scopes that a request requires. */
const requiredScopes = ({ method, path }: Request): ReadonlyArray<TokenScope.TokenScope> => {
  if (path === "/v2/_catalog") return TokenScope.parseList("registry:catalog:*")
  const [, name] = /^\/v2\/(.+?)\/(?:blobs|manifests|tags|referrers)\//.exec(path) ?? []
  return name === undefined ? [] : [TokenScope.repository(name, actions[method] ?? ["pull", "push"])]
}

const isAuthorized = (tokens: Tokens, request: Request, now: number) => {
  const [scheme = "", secret = ""] = (request.headers["authorization"] ?? "").split(" ")
  const token = scheme.toLowerCase() === "bearer" ? tokens.issued.get(secret) : undefined
  if (token === undefined || token.expires <= now || token.uses <= 0) return false
  if (!TokenScope.covers(token.scopes, requiredScopes(request))) return false
  token.uses--
  return true
}

const form = (body: Uint8Array) => new URLSearchParams(new TextDecoder().decode(body))

const parseTokenRequest = (request: Request, { credentials }: TokenOptions) => {
  const fields = form(request.body)
  const isKnown = credentials === undefined || (request.method === "POST"
    ? fields.get("grant_type") === "refresh_token"
      ? fields.get("refresh_token") === `refresh-${credentials.username}`
      : fields.get("username") === credentials.username &&
        fields.get("password") === Redacted.value(credentials.password)
    : isUser(credentials, request.headers["authorization"]))
  const scopes = request.method === "POST" ? (fields.get("scope") ?? "").split(" ") : request.query["scope"] ?? []
  return { isKnown, scopes: scopes.flatMap((scope) => scope === "" ? [] : TokenScope.parseList(scope)) }
}

const issueToken = (tokens: Tokens, request: Request, options: TokenOptions, now: number): Delivered => {
  const { isKnown, scopes } = parseTokenRequest(request, options)
  if (!isKnown) return unauthorized()
  const lifetime = Duration.toMillis(options.expiresIn ?? "5 minutes")
  const token = `token-${++tokens.count}`
  tokens.issued.set(token, { scopes, expires: now + lifetime, uses: options.uses ?? Infinity })
  return answer(200, {}, {
    token,
    access_token: token,
    expires_in: Math.round(lifetime / 1000),
    issued_at: new Date(now).toISOString(),
    ...(options.credentials === undefined ? {} : { refresh_token: `refresh-${options.credentials.username}` })
  })
}

/**
 * Returns the token server if the path is its own.
 *
 * @internal
 */
export const tokenServer = (
  authentication: Authentication | undefined,
  tokens: Tokens,
  path: string
): ((request: Request) => Effect.Effect<Delivered>) | undefined =>
  authentication?._tag === "Token" && path === "/token"
    ? (request) => Effect.map(Clock.currentTimeMillis, (now) => issueToken(tokens, request, authentication, now))
    : undefined

/**
 * Returns the response to an unauthorized request, and `undefined` for an authorized one.
 *
 * @internal
 */
export const refusal = (
  authentication: Authentication | undefined,
  tokens: Tokens,
  url: string,
  request: Request
): Effect.Effect<Delivered | undefined> => {
  if (authentication === undefined) return Effect.succeed(undefined)
  if (authentication._tag === "Basic") {
    return Effect.succeed(
      isUser(authentication.credentials, request.headers["authorization"])
        ? undefined
        : unauthorized("Basic realm=\"ociman\"")
    )
  }
  return Effect.map(Clock.currentTimeMillis, (now) => {
    if (isAuthorized(tokens, request, now)) return undefined
    const scope = requiredScopes(request).map(TokenScope.format).join(" ")
    return unauthorized(
      `Bearer realm="${url}/token",service="ociman"${scope === "" ? "" : `,scope="${scope}"`}`
    )
  })
}
