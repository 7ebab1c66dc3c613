/** Redirects, followed as the security policy allows, and without credentials for other origins. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { RegistryError } from "../../RegistryError.js"
import type { SecurityPolicy } from "../../SecurityPolicy.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as responses from "./responses.js"
import type { Request, Response } from "./transport.js"
import { type Purpose, resolveReference } from "./urlPolicy.js"

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

export interface UrlRules {
  readonly policy: SecurityPolicy
  /** Registry for which the request is made. */
  readonly registry: Address
  readonly purpose: Purpose
}

export interface RedirectRules extends UrlRules {
  /** Sends a request. `isTrusted` is true while every URL so far had the origin of the first one. */
  readonly exchange: (request: Request, isTrusted: boolean) => Effect.Effect<Response, RegistryError>
}

/** Resolves a URL reference in a response, if the security policy allows its target. */
export const resolveTarget = (
  { policy, purpose, registry }: UrlRules,
  response: Response,
  reference: string
): Effect.Effect<Address, RegistryError> =>
  Either.match(resolveReference(policy, { purpose, registry, from: response.request.address, reference }), {
    onLeft: ({ reason, rule }) => Effect.fail(responses.failure(response, reason, rule)),
    onRight: Effect.succeed
  })

/** Sends a request and follows redirects. */
export const followRedirects = (rules: RedirectRules, first: Request): Effect.Effect<Response, RegistryError> => {
  const send = (request: Request, isTrusted: boolean, left: number): Effect.Effect<Response, RegistryError> =>
    Effect.flatMap(rules.exchange(request, isTrusted), (response) => {
      const location = response.headers["location"]
      if (!isRedirect(response.status) || location === undefined) return Effect.succeed(response)
      const target = left === 0
        ? responses.failure(
          response,
          "InvalidResponse",
          `it redirects more than ${rules.policy.maximalRedirects} times`
        )
        : resolveTarget(rules, response, location)
      return Effect.zipRight(
        responses.drop(response),
        Effect.flatMap(target, (address) =>
          send(
            response.status === 303 && request.method !== "HEAD"
              ? { ...request, address, method: "GET", body: { _tag: "None" } }
              : { ...request, address },
            isTrusted && addresses.isSameOrigin(address, request.address),
            left - 1
          ))
      )
    })
  return send(first, true, rules.policy.maximalRedirects)
}
