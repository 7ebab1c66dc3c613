/** Authentication of requests by challenge and credential, remembered for later requests. */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Challenge from "../../author/Challenge.js"
import * as TokenScope from "../../author/TokenScope.js"
import type { Found, Source } from "../../Credential.js"
import { AuthenticationError, type RegistryError, type Reported } from "../../RegistryError.js"
import type { RegistryKey } from "../../Repository.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import type { Response } from "../http/transport.js"
import * as tokens from "./tokens.js"

type Scopes = ReadonlyArray<TokenScope.TokenScope>

/** Registry of a request, and the token scopes that the request requires. */
export interface Target {
  /** Key under which credentials are looked up. */
  readonly key: RegistryKey
  readonly registry: Address
  readonly scopes: Scopes
  /** The mirrored registry, if this is a mirror of several registries. */
  readonly namespace?: string
}

/** The `Authorization` header of a request. */
export interface Authorization {
  readonly header: Redacted.Redacted<string>
  /** Source of the credential; empty if it is anonymous. */
  readonly source: string
  readonly scopes: Scopes
  /** If true, a newer one would be the same. */
  readonly isFresh: boolean
  /** Drops the token from the cache. */
  readonly forget: Effect.Effect<void>
}

/** A response with status 401. */
export interface Rejection {
  readonly response: Response
  readonly errors: ReadonlyArray<Reported>
  /** The authorization of the rejected request. */
  readonly authorization: Option.Option<Authorization>
  /** If true, no further request is made. */
  readonly isLast: boolean
}

export interface Authenticator {
  /** Returns the authorization for a registry whose challenge is known. */
  readonly preemptive: (target: Target) => Effect.Effect<Option.Option<Authorization>, RegistryError>
  /** Returns the authorization that answers the challenge of a rejection. */
  readonly answerChallenge: (target: Target, rejection: Rejection) => Effect.Effect<Authorization, RegistryError>
}

export interface Dependencies {
  readonly credentials: { readonly resolve: (key: RegistryKey) => Effect.Effect<Option.Option<Found>> }
  /** Resolves the address of a token server, if the security policy allows it. */
  readonly resolveRealm: (target: Target, response: Response, realm: string) => Effect.Effect<Address, RegistryError>
  readonly send: (target: Target, request: tokens.TokenHttpRequest) => Effect.Effect<Response, RegistryError>
}

interface TokenServer {
  readonly _tag: "Bearer"
  readonly realm: Address
  readonly service: Option.Option<string>
}

/** Cache key of a token. Two keys are equal if their `id` is; `request` fetches a missing token. */
class TokenKey implements Equal.Equal {
  constructor(readonly id: string, readonly request: Effect.Effect<tokens.Token, RegistryError>) {}
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof TokenKey && that.id === this.id
  }
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

interface CachedToken extends tokens.Token {
  /** Number of the token in order of issue. */
  readonly serial: number
}

interface Context extends Dependencies {
  /** Last challenge of each registry, by origin. */
  readonly challenges: Map<string, Challenge.Basic | TokenServer>
  /** Scopes that registries required in addition to the expected ones, by registry key. */
  readonly additionalScopes: Map<string, Scopes>
  /** Refresh tokens of token servers. */
  readonly refreshTokens: Map<string, Redacted.Redacted<string>>
  readonly cache: Cache.Cache<TokenKey, CachedToken, RegistryError>
  /** Number of tokens issued so far. */
  readonly issued: { count: number }
}

const describe = (source: Source): string =>
  source._tag === "Explicit" ? "the program" : source._tag === "Variable" ? source.name : source.path

const sourceOf = (found: Option.Option<Found>): string =>
  Option.match(found, { onNone: () => "", onSome: ({ source }) => describe(source) })

const format = (scopes: Scopes): string => scopes.map(TokenScope.format).join(" ")

/** Merges scopes with those of the challenge first, since some token servers read only one. */
const prioritize = (required: Scopes, others: Scopes): Scopes => {
  const all = TokenScope.union(required, others)
  const isRequired = (scope: TokenScope.TokenScope) => required.some((_) => TokenScope.covers([scope], [_]))
  return [...all.filter(isRequired), ...all.filter((scope) => !isRequired(scope))]
}

const scopesOf = ({ additionalScopes }: Context, target: Target): Scopes =>
  TokenScope.union(target.scopes, additionalScopes.get(String(target.key)) ?? [])

const refreshKey = ({ key }: Target, { realm, service }: TokenServer): string =>
  JSON.stringify([String(key), addresses.format(realm), Option.getOrElse(service, () => "")])

const tokenRequest = (
  { refreshTokens }: Context,
  target: Target,
  server: TokenServer,
  scopes: Scopes,
  found: Option.Option<Found>
): tokens.TokenRequest => ({
  registry: target.key.host,
  realm: server.realm,
  service: server.service,
  scopes: scopes.map(TokenScope.format),
  login: Option.flatMap(found, ({ credential }) => credential.login),
  identityToken: Option.orElse(
    Option.flatMap(found, ({ credential }) => credential.identityToken),
    () => Option.fromNullable(refreshTokens.get(refreshKey(target, server)))
  ),
  source: sourceOf(found)
})

const bearer = (
  context: Context,
  target: Target,
  server: TokenServer,
  scopes: Scopes
): Effect.Effect<Authorization, RegistryError> =>
  Effect.gen(function*() {
    const { cache, credentials, issued, refreshTokens, send } = context
    const found = yield* credentials.resolve(target.key)
    const registryToken = Option.flatMap(found, ({ credential }) => credential.registryToken)
    const source = sourceOf(found)
    if (Option.isSome(registryToken)) {
      const header = tokens.bearer(Redacted.value(registryToken.value))
      return { header, source, scopes, isFresh: true, forget: Effect.void }
    }
    const request = tokens.request(
      tokenRequest(context, target, server, scopes, found),
      (request) => send(target, request)
    ).pipe(
      Effect.tap(({ refresh }) =>
        Effect.sync(() => {
          if (Option.isSome(refresh)) refreshTokens.set(refreshKey(target, server), refresh.value)
        })
      )
    )
    const id = [addresses.origin(target.registry), refreshKey(target, server), format(TokenScope.union(scopes))]
    const key = new TokenKey(JSON.stringify(id), request)
    const before = issued.count
    const token = yield* cache.get(key)
    return {
      header: token.header,
      source,
      scopes,
      isFresh: token.serial > before,
      forget: cache.invalidateWhen(key, ({ serial }) => serial === token.serial)
    }
  })

const basic = ({ credentials }: Context, target: Target): Effect.Effect<Option.Option<Authorization>> =>
  Effect.map(credentials.resolve(target.key), (found) =>
    Option.map(
      Option.flatMap(Option.flatMap(found, ({ credential }) => credential.login), tokens.basic),
      (header) => ({ header, source: sourceOf(found), scopes: [], isFresh: true, forget: Effect.void })
    ))

const preemptive = (
  context: Context,
  target: Target
): Effect.Effect<Option.Option<Authorization>, RegistryError> =>
  Effect.suspend(() => {
    const challenge = context.challenges.get(addresses.origin(target.registry))
    return challenge === undefined
      ? Effect.succeedNone
      : challenge._tag === "Basic"
      ? basic(context, target)
      : Effect.asSome(bearer(context, target, challenge, scopesOf(context, target)))
  })

const failWith = (target: Target, { authorization, errors, response }: Rejection) =>
(
  reason: AuthenticationError["reason"],
  detail: string
) =>
  new AuthenticationError({
    registry: target.key.host,
    reason,
    detail,
    status: response.status,
    errors,
    scope: format(target.scopes),
    source: Option.match(authorization, { onNone: () => "", onSome: ({ source }) => source })
  })

const answerBearer = (
  context: Context,
  target: Target,
  { authorization, response }: Rejection,
  challenge: Challenge.Bearer,
  denied: AuthenticationError
): Effect.Effect<Authorization, RegistryError> =>
  Effect.gen(function*() {
    const { additionalScopes, challenges, resolveRealm } = context
    const server: TokenServer = {
      _tag: "Bearer",
      realm: yield* resolveRealm(target, response, challenge.realm),
      service: challenge.service
    }
    challenges.set(addresses.origin(target.registry), server)
    const scopes = prioritize(challenge.scopes, scopesOf(context, target))
    if (
      Option.isSome(authorization) && authorization.value.isFresh &&
      TokenScope.covers(authorization.value.scopes, scopes)
    ) {
      return yield* denied
    }
    if (Option.isSome(authorization)) yield* authorization.value.forget
    const missing = challenge.scopes.filter((scope) => !TokenScope.covers(scopesOf(context, target), [scope]))
    if (missing.length > 0) {
      const key = String(target.key)
      additionalScopes.set(key, TokenScope.union(additionalScopes.get(key) ?? [], missing))
    }
    return yield* bearer(context, target, server, scopes)
  })

const answerChallenge = (
  context: Context,
  target: Target,
  rejection: Rejection
): Effect.Effect<Authorization, RegistryError> =>
  Effect.gen(function*() {
    const { authorization, isLast, response } = rejection
    const fail = failWith(target, rejection)
    const challenge = yield* Either.mapLeft(
      Challenge.select(Challenge.parse(response.headers["www-authenticate"] ?? ""), target.key.host),
      ({ detail, reason }) => fail(reason, detail)
    )
    const denied = fail(
      "Denied",
      Option.exists(authorization, ({ source }) => source !== "")
        ? "it rejected them, or they do not permit this request"
        : "it does not permit this request without credentials"
    )
    if (isLast) return yield* denied
    if (challenge._tag === "Bearer") return yield* answerBearer(context, target, rejection, challenge, denied)
    context.challenges.set(addresses.origin(target.registry), challenge)
    if (Option.exists(authorization, ({ header }) => Redacted.value(header).startsWith("Basic"))) return yield* denied
    return yield* Effect.flatMap(
      basic(context, target),
      Option.match({
        onNone: () => fail("NoCredentials", "it requires a user name and a password, and none were found for it"),
        onSome: Effect.succeed
      })
    )
  })

export const make = (dependencies: Dependencies): Effect.Effect<Authenticator> =>
  Effect.gen(function*() {
    const issued = { count: 0 }
    const cache = yield* Cache.makeWith({
      capacity: 1000,
      lookup: ({ request }: TokenKey) =>
        Effect.map(request, (token): CachedToken => ({ ...token, serial: ++issued.count })),
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ lifetime }) => Duration.millis(lifetime)
      })
    })
    const context: Context = {
      ...dependencies,
      challenges: new Map(),
      additionalScopes: new Map(),
      refreshTokens: new Map(),
      cache,
      issued
    }
    return {
      preemptive: (target) => preemptive(context, target),
      answerChallenge: (target, rejection) => answerChallenge(context, target, rejection)
    }
  })
