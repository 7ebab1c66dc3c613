/** Requests to registries: authenticated, redirected, and retried. */
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Challenge from "../../author/Challenge.js"
import * as TokenScope from "../../author/TokenScope.js"
import { AuthenticationError, type RegistryError, type RegistryFailed } from "../../RegistryError.js"
import type { SecurityPolicy } from "../../SecurityPolicy.js"
import * as authentication from "../authentication/authenticator.js"
import * as tokens from "../authentication/tokens.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as headers from "../http/headers.js"
import * as rateLimits from "../http/rateLimit.js"
import { followRedirects, resolveTarget } from "../http/redirects.js"
import * as responses from "../http/responses.js"
import * as transport from "../http/transport.js"
import type { Body, Request, Response } from "../http/transport.js"
import type { Purpose } from "../http/urlPolicy.js"
import { printable } from "../printable.js"
import * as endpoints from "./endpoints.js"
import { recentWrites } from "./recentWrites.js"

export interface Settings {
  readonly policy: SecurityPolicy
  readonly deadlines: transport.Deadlines
  readonly retries: rateLimits.Settings
  readonly userAgent: string
}

export interface RegistryRequest {
  readonly method: HttpMethod
  readonly target: authentication.Target
  readonly address: Address
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body
  /** If true, retries temporary failures. Default: true. */
  readonly isRetried?: boolean
  /** If true, waits until an uploaded blob or manifest can be read back. Default: true. */
  readonly awaitsWrites?: boolean
}

export interface Client {
  /** Sends a request and returns its final response, with any status. */
  readonly send: (request: RegistryRequest) => Effect.Effect<Response, RegistryError>
  /** Sends a request and returns its final response. Fails if it has none of the given statuses. */
  readonly expect: (
    request: RegistryRequest,
    ...statuses: ReadonlyArray<number>
  ) => Effect.Effect<Response, RegistryError>
  /** Fails with the error in a response. */
  readonly fail: (request: RegistryRequest, response: Response) => Effect.Effect<never, RegistryError>
  /** Resolves a URL reference in a response, if the security policy allows its target. */
  readonly resolveTarget: (
    target: authentication.Target,
    purpose: Purpose,
    response: Response,
    reference: string
  ) => Effect.Effect<Address, RegistryError>
  /** Delays further requests to a host after a failure. */
  readonly backOff: (address: Address) => Effect.Effect<void>
  /** Records an upload: a 404 for its address is then retried. */
  readonly noteWrite: (address: Address) => Effect.Effect<void>
  /** Maximum number of retries. */
  readonly retries: number
}

/** Checks for a status that a retry of the request may change. */
export const isTransientStatus = (status: number): boolean =>
  status === 408 || status === 429 || status >= 500 && status !== 501

/** Checks for a failure that a retry of the request may avoid. */
export const isTransientFailure = (error: RegistryError): error is RegistryFailed =>
  error._tag === "RegistryFailed" &&
  (error.reason === "Unreachable" && !transport.isCertificate(error) && !transport.isUnknownHost(error) ||
    error.reason === "Truncated" || error.reason === "TimedOut" ||
    error.status !== undefined && isTransientStatus(error.status))

/** Maximum number of authorizations per request: a token may have expired, and then lack a scope. */
const maximalAuthorizations = 3

/** Maximum number of distinct warnings that are logged. */
const maximalWarnings = 1000

interface Context {
  readonly settings: Settings
  readonly send: (request: Request) => Effect.Effect<Response, RegistryFailed>
  readonly rateLimit: rateLimits.RateLimit
  readonly writes: ReturnType<typeof recentWrites>
  /** Warnings that have been logged. */
  readonly warnings: Set<string>
}

interface AuthenticatedContext extends Context {
  readonly authenticator: authentication.Authenticator
}

const logWarnings = ({ warnings }: Context, response: Response): Effect.Effect<void> =>
  Effect.forEach(headers.warnings(response.headers["warning"]), (text) =>
    Effect.suspend(() => {
      const host = addresses.authority(response.request.address)
      const key = `${host} ${text}`
      if (warnings.has(key) || warnings.size > maximalWarnings) return Effect.void
      warnings.add(key)
      return Effect.logWarning(`The registry at ${host} says: ${printable(text)}`)
    }), { discard: true })

const sendOnce = (
  context: Context,
  request: Request,
  authorization: Option.Option<Redacted.Redacted<string>>
): Effect.Effect<Response, RegistryFailed> =>
  context.rateLimit.await(request.address).pipe(
    Effect.zipRight(context.send({
      ...request,
      headers: {
        "accept-encoding": "identity",
        "user-agent": context.settings.userAgent,
        ...request.headers,
        ...Option.match(authorization, {
          onNone: () => ({}),
          onSome: (value) => ({ authorization: Redacted.value(value) })
        })
      }
    })),
    Effect.tap((response) => logWarnings(context, response))
  )

/** Returns the delay that a response asks for, if any. */
const retryAfter = (response: Response): Effect.Effect<Option.Option<Duration.Duration>> =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) => Option.map(headers.retryAfter(response.headers["retry-after"], now), Duration.millis)
  )

const backOffFrom = ({ rateLimit }: Context, url: string): Effect.Effect<void> =>
  Option.match(addresses.parse(url), {
    onNone: () => Effect.void,
    onSome: (address) => rateLimit.slowDown(address, undefined)
  })

const withRetries = (
  context: Context,
  attempt: Effect.Effect<Response, RegistryError>,
  left = context.settings.retries.times
): Effect.Effect<Response, RegistryError> =>
  Effect.matchEffect(attempt, {
    onFailure: (error) =>
      isTransientFailure(error) && left > 0
        ? Effect.zipRight(backOffFrom(context, error.url), withRetries(context, attempt, left - 1))
        : Effect.fail(error),
    onSuccess: (response) =>
      Effect.gen(function*() {
        const { rateLimit, settings } = context
        const { address } = response.request
        if (!isTransientStatus(response.status)) return yield* Effect.as(rateLimit.succeeded(address), response)
        const delay = Option.getOrUndefined(yield* retryAfter(response))
        const isTooLong = delay !== undefined && Duration.greaterThan(delay, settings.retries.longest)
        if (left === 0 || isTooLong) {
          // The caller may retry a request that is not retried here.
          if (delay !== undefined && !isTooLong) yield* rateLimit.slowDown(address, delay)
          return response
        }
        yield* responses.drop(response)
        yield* rateLimit.slowDown(address, delay)
        return yield* withRetries(context, attempt, left - 1)
      })
  })

/** Sends a token request to the token server of a registry. */
const sendTokenRequest = (
  context: Context,
  target: authentication.Target,
  request: tokens.TokenHttpRequest
): Effect.Effect<Response, RegistryError> =>
  withRetries(
    context,
    followRedirects({
      policy: context.settings.policy,
      registry: target.registry,
      purpose: "token",
      exchange: (redirected, isTrusted) =>
        isTrusted || redirected.body._tag === "None"
          ? sendOnce(context, redirected, isTrusted ? request.authorization : Option.none())
          : Effect.fail(
            transport.failed(
              redirected,
              "Refused",
              "its token server redirects the form with the secret to another origin"
            )
          )
    }, request)
  ).pipe(Effect.mapError((error) => isTransientFailure(error) ? tokenServerFailed(target, error) : error))

/** Sends a request to a foreign origin, with an anonymous token if it requires one. */
const exchangeAnonymously = (
  context: Context,
  target: authentication.Target,
  request: Request
): Effect.Effect<Response, RegistryError> =>
  Effect.gen(function*() {
    const response = yield* sendOnce(context, request, Option.none())
    if (response.status !== 401) return response
    const challenge = Challenge.select(
      Challenge.parse(response.headers["www-authenticate"] ?? ""),
      addresses.authority(request.address)
    )
    if (Either.isLeft(challenge) || challenge.right._tag === "Basic") return response
    yield* responses.drop(response)
    const { realm, scopes, service } = challenge.right
    const rules = { policy: context.settings.policy, purpose: "token", registry: request.address } as const
    const token = yield* tokens.request({
      registry: addresses.authority(request.address),
      realm: yield* resolveTarget(rules, response, realm),
      service,
      scopes: scopes.map(TokenScope.format),
      login: Option.none(),
      identityToken: Option.none(),
      source: ""
    }, (tokenRequest) => sendTokenRequest(context, target, tokenRequest))
    return yield* sendOnce(context, request, Option.some(token.header))
  })

/** Sends a request to the registry, and answers its challenges. */
const exchangeAuthenticated = (
  context: AuthenticatedContext,
  target: authentication.Target,
  request: Request
): Effect.Effect<Response, RegistryError> => {
  const { authenticator } = context
  const attempt = (
    authorization: Option.Option<authentication.Authorization>,
    left: number
  ): Effect.Effect<Response, RegistryError> =>
    Effect.gen(function*() {
      const response = yield* sendOnce(context, request, Option.map(authorization, ({ header }) => header))
      if (response.status !== 401) return response
      const { errors } = yield* responses.readError(response)
      const rejection = { response, errors, authorization, isLast: left === 0 }
      const next = yield* authenticator.answerChallenge(target, rejection)
      return yield* attempt(Option.some(next), left - 1)
    })
  return Effect.flatMap(
    authenticator.preemptive(target),
    (authorization) => attempt(authorization, maximalAuthorizations)
  )
}

const send = (
  context: AuthenticatedContext,
  { address, awaitsWrites = true, body = { _tag: "None" }, headers = {}, isRetried = true, method, target }:
    RegistryRequest
): Effect.Effect<Response, RegistryError> => {
  const { settings, writes } = context
  const exchange = (request: Request, isTrusted: boolean) =>
    isTrusted && addresses.isSameOrigin(request.address, target.registry)
      ? exchangeAuthenticated(context, target, request)
      : exchangeAnonymously(context, target, request)
  const rules = { policy: settings.policy, registry: target.registry, purpose: "redirect", exchange } as const
  const attempt = followRedirects(rules, { method, address, headers, body })
  const sent = withRetries(context, attempt, isRetried ? settings.retries.times : 0)
  return awaitsWrites && (method === "GET" || method === "HEAD")
    ? writes.retryMissing(address, sent, responses.drop)
    : method === "DELETE"
    ? Effect.tap(sent, () => Effect.sync(writes.forget))
    : sent
}

const fail = (request: RegistryRequest, response: Response): Effect.Effect<never, RegistryError> =>
  Effect.flatMap(
    responses.readError(response),
    (error) => Effect.fail(response.status === 401 ? unauthorized(request, response, error) : error)
  )

const clientOf = (context: AuthenticatedContext): Client => {
  const { rateLimit, settings, writes } = context
  return {
    send: (request) => send(context, request),
    fail,
    expect: (request, ...statuses) =>
      Effect.flatMap(
        send(context, request),
        (response) => statuses.includes(response.status) ? Effect.succeed(response) : fail(request, response)
      ),
    resolveTarget: (target, purpose, response, reference) =>
      resolveTarget({ policy: settings.policy, purpose, registry: target.registry }, response, reference),
    backOff: (address) => rateLimit.slowDown(address, undefined),
    noteWrite: writes.note,
    retries: settings.retries.times
  }
}

export const make = (
  http: HttpClient,
  credentials: authentication.Dependencies["credentials"],
  settings: Settings
): Effect.Effect<{ readonly requests: Client; readonly endpoints: endpoints.Endpoints }> =>
  Effect.gen(function*() {
    const { deadlines, policy, retries } = settings
    const context: Context = {
      settings,
      send: transport.make(http, deadlines),
      rateLimit: rateLimits.make(retries),
      writes: recentWrites(retries.base),
      warnings: new Set()
    }
    const authenticator = yield* authentication.make({
      credentials,
      resolveRealm: (target, response, realm) =>
        resolveTarget({ policy, purpose: "token", registry: target.registry }, response, realm),
      send: (target, request) => sendTokenRequest(context, target, request)
    })
    return {
      requests: clientOf({ ...context, authenticator }),
      endpoints: yield* endpoints.make(policy, (request) => sendOnce(context, request, Option.none()))
    }
  })

/** Converts a transient failure, whose retries are exhausted; the caller must not retry it again. */
const tokenServerFailed = ({ key, scopes }: authentication.Target, { message }: RegistryFailed) =>
  new AuthenticationError({
    registry: key.host,
    reason: "TokenServerFailed",
    detail: `its token server failed: ${message}`,
    scope: scopes.map(TokenScope.format).join(" ")
  })

const unauthorized = ({ target }: RegistryRequest, { request, status }: Response, { errors }: RegistryFailed) =>
  new AuthenticationError({
    registry: target.key.host,
    reason: "Denied",
    detail: `it points to ${
      addresses.origin(request.address)
    }, which requires authentication and is sent no credentials`,
    scope: target.scopes.map(TokenScope.format).join(" "),
    status,
    errors
  })
