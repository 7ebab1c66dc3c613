/** Requests to registries: proved, redirected, made again where that helps, and one after the other where it does not. */
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Challenge from "../Challenge.js"
import type { Service as Credentials } from "../Credentials.js"
import { AuthenticationError, type RegistryError, type RegistryFailed } from "../RegistryError.js"
import type { SecurityPolicy } from "../SecurityPolicy.js"
import * as TokenScope from "../TokenScope.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import { chase, pointed } from "./chasing.js"
import * as endpoints from "./endpoints.js"
import type { Purpose } from "./following.js"
import * as headers from "./headers.js"
import * as pacing from "./pacing.js"
import { printable } from "./printable.js"
import * as proofs from "./proofs.js"
import { recentWrites } from "./recentWrites.js"
import * as tokens from "./tokens.js"
import * as transport from "./transport.js"
import type { Answer, Body, Request } from "./transport.js"

export interface Settings {
  readonly policy: SecurityPolicy
  readonly deadlines: transport.Deadlines
  readonly retries: pacing.Settings
  readonly userAgent: string
}

export interface Call {
  readonly method: HttpMethod
  readonly target: proofs.Target
  readonly address: Address
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body
  /** Whether it is made again if that may help. Default: it is. */
  readonly isRepeated?: boolean
  /** Whether what was just stored there is waited for. Default: it is. */
  readonly isAwaited?: boolean
}

export interface Client {
  /** The last answer to a request, whatever it is. */
  readonly send: (call: Call) => Effect.Effect<Answer, RegistryError>
  /** The answer to a request if its status is one of those; anything else is why it failed. */
  readonly expect: (call: Call, ...statuses: ReadonlyArray<number>) => Effect.Effect<Answer, RegistryError>
  /** Why a request failed, by its answer. */
  readonly refuse: (call: Call, answer: Answer) => Effect.Effect<never, RegistryError>
  /** Where an answer points to, if one may go there. */
  readonly pointed: (
    target: proofs.Target,
    purpose: Purpose,
    answer: Answer,
    reference: string
  ) => Effect.Effect<Address, RegistryError>
  /** Waits as everybody does who asks this host after something went wrong there. */
  readonly recover: (address: Address) => Effect.Effect<void>
  /** Notes that something was just stored there: if it is not found, it is asked for again. */
  readonly wrote: (address: Address) => Effect.Effect<void>
  readonly times: number
}

/** Whether the same request may be answered otherwise a little later. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 429 || status >= 500 && status !== 501

/** Whether the same request may succeed a little later. */
export const isPassingFailure = (error: RegistryError): error is RegistryFailed =>
  error._tag === "RegistryFailed" &&
  (error.reason === "Unreachable" && !transport.isCertificate(error) && !transport.isUnknownHost(error) ||
    error.reason === "Truncated" || error.reason === "TimedOut" ||
    error.status !== undefined && isPassing(error.status))

/** How often a proof is renewed for one request: for a token that has expired, then for a scope that was missing. */
const proofsAtMost = 3

export const make = (
  http: HttpClient,
  credentials: Credentials,
  { deadlines, policy, retries, userAgent }: Settings
): Effect.Effect<{ readonly requests: Client; readonly endpoints: endpoints.Endpoints }> =>
  Effect.gen(function*() {
    const sendOnce = transport.make(http, deadlines)
    const pace = pacing.make(retries)
    const writes = recentWrites(retries.base)
    const warned = new Set<string>()

    const warn = (answer: Answer): Effect.Effect<void> =>
      Effect.forEach(headers.warnings(answer.headers["warning"]), (text) =>
        Effect.suspend(() => {
          const host = addresses.authority(answer.request.address)
          const key = `${host} ${text}`
          if (warned.has(key) || warned.size > 1000) return Effect.void
          warned.add(key)
          return Effect.logWarning(`The registry at ${host} says: ${printable(text)}`)
        }), { discard: true })

    const once = (request: Request, authorization: Option.Option<Redacted.Redacted<string>>) =>
      pace.await(request.address).pipe(
        Effect.zipRight(sendOnce({
          ...request,
          headers: {
            "accept-encoding": "identity",
            "user-agent": userAgent,
            ...request.headers,
            ...Option.match(authorization, {
              onNone: () => ({}),
              onSome: (value) => ({ authorization: Redacted.value(value) })
            })
          }
        })),
        Effect.tap(warn)
      )

    /** What somebody else than the registry wants to have proved is shown to nobody: it gets an anonymous token. */
    const stranger = (target: proofs.Target, request: Request): Effect.Effect<Answer, RegistryError> =>
      Effect.gen(function*() {
        const answer = yield* once(request, Option.none())
        if (answer.status !== 401) return answer
        const challenge = Challenge.select(
          Challenge.parse(answer.headers["www-authenticate"] ?? ""),
          addresses.authority(request.address)
        )
        if (Either.isLeft(challenge) || challenge.right._tag === "Basic") return answer
        yield* answers.drop(answer)
        const { realm, scopes, service } = challenge.right
        const rules = { policy, purpose: "token", registry: request.address } as const
        const token = yield* tokens.request({
          registry: addresses.authority(request.address),
          realm: yield* pointed(rules, answer, realm),
          service,
          scopes: scopes.map(TokenScope.format),
          login: Option.none(),
          identity: Option.none(),
          source: ""
        }, (_) => askForToken(target, _))
        return yield* once(request, Option.some(token.header))
      })

    /** Sends a request with what it takes to be let in. */
    const proved = (target: proofs.Target, request: Request): Effect.Effect<Answer, RegistryError> => {
      const attempt = (proof: Option.Option<proofs.Proof>, left: number): Effect.Effect<Answer, RegistryError> =>
        Effect.gen(function*() {
          const answer = yield* once(request, Option.map(proof, ({ header }) => header))
          if (answer.status !== 401) return answer
          const { errors } = yield* answers.refusal(answer)
          const next = yield* proving.challenged(target, { answer, errors, proof, isLast: left === 0 })
          return yield* attempt(Option.some(next), left - 1)
        })
      return Effect.flatMap(proving.remembered(target), (proof) => attempt(proof, proofsAtMost))
    }

    const askForToken = (target: proofs.Target, request: tokens.TokenRequest): Effect.Effect<Answer, RegistryError> =>
      repeated(
        chase({
          policy,
          registry: target.registry,
          purpose: "token",
          exchange: (_, isTrusted) =>
            isTrusted || _.body._tag === "None"
              ? once(_, isTrusted ? request.authorization : Option.none())
              : Effect.fail(
                transport.failed(_, "Refused", "its token server redirects here, and the form has a secret")
              )
        }, request)
      ).pipe(Effect.mapError((error) => isPassingFailure(error) ? noTokenServer(target, error) : error))

    const proving: proofs.Proofs = yield* proofs.make({
      credentials,
      realm: (target, answer, realm) => pointed({ policy, purpose: "token", registry: target.registry }, answer, realm),
      send: (target, request) => askForToken(target, request)
    })

    /** How long a host wants to be left alone, if it says so; too long for anybody to wait is no time. */
    const asked = (answer: Answer): Effect.Effect<Option.Option<Duration.Duration>> =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) => Option.map(headers.retryAfter(answer.headers["retry-after"], now), Duration.millis)
      )

    const repeated = (
      attempt: Effect.Effect<Answer, RegistryError>,
      left = retries.times
    ): Effect.Effect<Answer, RegistryError> =>
      attempt.pipe(
        Effect.matchEffect({
          onFailure: (error) =>
            isPassingFailure(error) && left > 0
              ? Effect.zipRight(pause(error.url, undefined), repeated(attempt, left - 1))
              : Effect.fail(error),
          onSuccess: (answer) =>
            Effect.gen(function*() {
              const { address } = answer.request
              if (!isPassing(answer.status)) {
                return yield* Effect.as(pace.succeeded(address), answer)
              }
              const wait = Option.getOrUndefined(yield* asked(answer))
              const isTooLong = wait !== undefined && Duration.greaterThan(wait, retries.longest)
              if (left === 0 || isTooLong) {
                // It may be asked again by whoever sends a request that is not repeated here.
                if (wait !== undefined && !isTooLong) yield* pace.slowDown(address, wait)
                return answer
              }
              yield* answers.drop(answer)
              yield* pace.slowDown(address, wait)
              return yield* repeated(attempt, left - 1)
            })
        })
      )

    const pause = (url: string, wait: Duration.Duration | undefined): Effect.Effect<void> =>
      Option.match(addresses.parse(url), {
        onNone: () => Effect.void,
        onSome: (address) => pace.slowDown(address, wait)
      })

    const send: Client["send"] = (
      { address, body = { _tag: "None" }, headers = {}, isAwaited = true, isRepeated = true, method, target }
    ) => {
      const exchange = (request: Request, isTrusted: boolean) =>
        isTrusted && addresses.isSameOrigin(request.address, target.registry)
          ? proved(target, request)
          : stranger(target, request)
      const attempt = chase({ policy, registry: target.registry, purpose: "redirect", exchange }, {
        method,
        address,
        headers,
        body
      })
      const sent = repeated(attempt, isRepeated ? retries.times : 0)
      return isAwaited && (method === "GET" || method === "HEAD")
        ? writes.finding(address, sent, answers.drop)
        : method === "DELETE"
        ? Effect.tap(sent, () => Effect.sync(writes.forget))
        : sent
    }

    const refuse: Client["refuse"] = (call, answer) =>
      Effect.flatMap(
        answers.refusal(answer),
        (error) => Effect.fail(answer.status === 401 ? unauthorized(call, answer, error) : error)
      )

    const requests: Client = {
      send,
      refuse,
      expect: (call, ...statuses) =>
        Effect.flatMap(
          send(call),
          (answer) => statuses.includes(answer.status) ? Effect.succeed(answer) : refuse(call, answer)
        ),
      pointed: (target, purpose, answer, reference) =>
        pointed({ policy, purpose, registry: target.registry }, answer, reference),
      recover: (address) => pace.slowDown(address, undefined),
      wrote: writes.note,
      times: retries.times
    }
    return {
      requests,
      endpoints: yield* endpoints.make(policy, (_) => once(_, Option.none()))
    }
  })

/** It was asked often enough. */
const noTokenServer = ({ key, scopes }: proofs.Target, { message }: RegistryFailed) =>
  new AuthenticationError({
    registry: key.host,
    reason: "TokenServerFailed",
    detail: `its token server does not answer: ${message}`,
    scope: scopes.map(TokenScope.format).join(" ")
  })

const unauthorized = (call: Call, { request, status }: Answer, { errors }: RegistryFailed) =>
  new AuthenticationError({
    registry: call.target.key.host,
    reason: "Denied",
    detail: `it sends to ${addresses.origin(request.address)}, which wants to know who asks and is told nothing`,
    scope: call.target.scopes.map(TokenScope.format).join(" "),
    status,
    errors
  })
