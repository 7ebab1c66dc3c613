/** What proves to a registry who asks: found out from its challenge, remembered for the next request. */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Challenge from "../Challenge.js"
import type { Found, Service as Credentials, Source } from "../Credentials.js"
import { AuthenticationError, type RegistryError, type Reported } from "../RegistryError.js"
import type { RegistryKey } from "../RegistryKey.js"
import * as TokenScope from "../TokenScope.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as tokens from "./tokens.js"
import type { Answer } from "./transport.js"

/** Whom a request is for, and what it needs there. */
export interface Target {
  /** By which credentials are found. */
  readonly key: RegistryKey
  readonly registry: Address
  readonly scopes: ReadonlyArray<TokenScope.TokenScope>
  /** For which registry it stands in this, if it stands for several. */
  readonly namespace?: string
}

export interface Proof {
  readonly header: Redacted.Redacted<string>
  readonly source: string
  readonly scopes: ReadonlyArray<TokenScope.TokenScope>
  /** Whether there is none that is newer. */
  readonly isFresh: boolean
  readonly forget: Effect.Effect<void>
}

export interface Refused {
  readonly answer: Answer
  readonly errors: ReadonlyArray<Reported>
  /** What was sent. */
  readonly proof: Option.Option<Proof>
  /** Whether nothing more is to be tried. */
  readonly isLast: boolean
}

export interface Proofs {
  /** For a request to a registry that said before what it wants. */
  readonly remembered: (target: Target) => Effect.Effect<Option.Option<Proof>, RegistryError>
  /** For a request that was answered with a challenge. */
  readonly challenged: (target: Target, refused: Refused) => Effect.Effect<Proof, RegistryError>
}

export interface Dependencies {
  readonly credentials: Credentials
  /** Where the token server of a registry is, if that is where one may go. */
  readonly realm: (target: Target, answer: Answer, realm: string) => Effect.Effect<Address, RegistryError>
  readonly send: (target: Target, request: tokens.TokenRequest) => Effect.Effect<Answer, RegistryError>
}

interface Server {
  readonly _tag: "Bearer"
  readonly realm: Address
  readonly service: Option.Option<string>
}

type Known = Challenge.Basic | Server

const describe = (source: Source): string =>
  source._tag === "Explicit" ? "the program" : source._tag === "Variable" ? source.name : source.path

const sourceOf = (found: Option.Option<Found>): string =>
  Option.match(found, { onNone: () => "", onSome: ({ source }) => describe(source) })

const show = (scopes: ReadonlyArray<TokenScope.TokenScope>): string => scopes.map(TokenScope.format).join(" ")

/** Those that were asked for first, since some servers read no more than one. */
const arrange = (
  first: ReadonlyArray<TokenScope.TokenScope>,
  others: ReadonlyArray<TokenScope.TokenScope>
): ReadonlyArray<TokenScope.TokenScope> => {
  const all = TokenScope.union(first, others)
  const isFirst = (scope: TokenScope.TokenScope) => first.some((_) => TokenScope.covers([scope], [_]))
  return [...all.filter(isFirst), ...all.filter((scope) => !isFirst(scope))]
}

/** What a token is kept under, and how it is got if it is not there. */
class Key implements Equal.Equal {
  constructor(readonly id: string, readonly ask: Effect.Effect<tokens.Token, RegistryError>) {}
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Key && that.id === this.id
  }
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

export const make = ({ credentials, realm, send }: Dependencies): Effect.Effect<Proofs> =>
  Effect.gen(function*() {
    const known = new Map<string, Known>()
    /** What a repository wanted beyond what was expected. */
    const learned = new Map<string, ReadonlyArray<TokenScope.TokenScope>>()
    const refreshed = new Map<string, Redacted.Redacted<string>>()
    let serial = 0

    const cache = yield* Cache.makeWith({
      capacity: 1000,
      lookup: ({ ask }: Key) => Effect.map(ask, (token) => ({ ...token, serial: ++serial })),
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ lifetime }) => Duration.millis(lifetime)
      })
    })

    const wantedBy = (
      target: Target,
      { realm, service }: Server,
      scopes: ReadonlyArray<TokenScope.TokenScope>,
      found: Option.Option<Found>
    ): tokens.Wanted => ({
      registry: target.key.host,
      realm,
      service,
      scopes: scopes.map(TokenScope.format),
      login: Option.flatMap(found, ({ credential }) => credential.login),
      identity: Option.orElse(
        Option.flatMap(found, ({ credential }) => credential.identityToken),
        () => Option.fromNullable(refreshed.get(refreshKey(target, { realm, service })))
      ),
      source: sourceOf(found)
    })

    const refreshKey = ({ key }: Target, { realm, service }: Pick<Server, "realm" | "service">): string =>
      JSON.stringify([String(key), addresses.format(realm), Option.getOrElse(service, () => "")])

    const token = (
      target: Target,
      challenge: Server,
      scopes: ReadonlyArray<TokenScope.TokenScope>
    ): Effect.Effect<Proof, RegistryError> =>
      Effect.gen(function*() {
        const found = yield* credentials.resolve(target.key)
        const own = Option.flatMap(found, ({ credential }) => credential.registryToken)
        const source = sourceOf(found)
        if (Option.isSome(own)) {
          const header = tokens.ready(Redacted.value(own.value))
          return { header, source, scopes, isFresh: true, forget: Effect.void }
        }
        const wanted = wantedBy(target, challenge, scopes, found)
        const ask = Effect.tap(tokens.request(wanted, (_) => send(target, _)), ({ refresh }) =>
          Effect.sync(() => {
            if (Option.isSome(refresh)) refreshed.set(refreshKey(target, challenge), refresh.value)
          }))
        const id = [addresses.origin(target.registry), refreshKey(target, challenge), show(TokenScope.union(scopes))]
        const key = new Key(JSON.stringify(id), ask)
        const before = serial
        const given = yield* cache.get(key)
        return {
          header: given.header,
          source,
          scopes,
          isFresh: given.serial > before,
          forget: cache.invalidateWhen(key, ({ serial }) => serial === given.serial)
        }
      })

    const basic = (target: Target): Effect.Effect<Option.Option<Proof>> =>
      Effect.map(credentials.resolve(target.key), (found) =>
        Option.map(
          Option.flatMap(Option.flatMap(found, ({ credential }) => credential.login), tokens.basic),
          (header) => ({ header, source: sourceOf(found), scopes: [], isFresh: true, forget: Effect.void })
        ))

    const scopesOf = (target: Target): ReadonlyArray<TokenScope.TokenScope> =>
      TokenScope.union(target.scopes, learned.get(String(target.key)) ?? [])

    const remembered: Proofs["remembered"] = (target) =>
      Effect.suspend(() => {
        const challenge = known.get(addresses.origin(target.registry))
        return challenge === undefined
          ? Effect.succeedNone
          : challenge._tag === "Basic"
          ? basic(target)
          : Effect.asSome(token(target, challenge, scopesOf(target)))
      })

    const challenged: Proofs["challenged"] = (target, { answer, errors, isLast, proof }) =>
      Effect.gen(function*() {
        const fail = (reason: AuthenticationError["reason"], detail: string) =>
          new AuthenticationError({
            registry: target.key.host,
            reason,
            detail,
            status: answer.status,
            errors,
            scope: show(target.scopes),
            source: Option.match(proof, { onNone: () => "", onSome: ({ source }) => source })
          })
        const header = answer.headers["www-authenticate"] ?? ""
        const challenge = yield* Either.mapLeft(
          Challenge.select(Challenge.parse(header), target.key.host),
          ({ detail, reason }) => fail(reason, detail)
        )
        const denied = fail(
          "Denied",
          Option.exists(proof, ({ source }) => source !== "")
            ? "it does not take them, or they are not good for this"
            : "it does not let in who has no credentials"
        )
        if (isLast) return yield* denied
        if (challenge._tag === "Basic") {
          known.set(addresses.origin(target.registry), challenge)
          if (Option.isSome(proof) && Redacted.value(proof.value.header).startsWith("Basic")) return yield* denied
          return yield* Effect.flatMap(
            basic(target),
            Option.match({
              onNone: () => fail("NoCredentials", "it wants a user name and a password, and there are none for it"),
              onSome: Effect.succeed
            })
          )
        }
        const server: Server = {
          _tag: "Bearer",
          realm: yield* realm(target, answer, challenge.realm),
          service: challenge.service
        }
        known.set(addresses.origin(target.registry), server)
        const scopes = arrange(challenge.scopes, scopesOf(target))
        if (Option.isSome(proof) && proof.value.isFresh && TokenScope.covers(proof.value.scopes, scopes)) {
          return yield* denied
        }
        if (Option.isSome(proof)) yield* proof.value.forget
        const more = challenge.scopes.filter((scope) => !TokenScope.covers(scopesOf(target), [scope]))
        if (more.length > 0) {
          learned.set(String(target.key), TokenScope.union(learned.get(String(target.key)) ?? [], more))
        }
        return yield* token(target, server, scopes)
      })

    return { remembered, challenged }
  })
