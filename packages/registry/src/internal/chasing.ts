/** Redirects, followed by the rules of the security policy, and never with credentials for somebody else. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { RegistryError } from "../RegistryError.js"
import type { SecurityPolicy } from "../SecurityPolicy.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import { follow, type Purpose } from "./following.js"
import type { Answer, Request } from "./transport.js"

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

export interface Chase {
  readonly policy: SecurityPolicy
  /** In whose name all this happens. */
  readonly registry: Address
  readonly purpose: Purpose
  /** Sends a request; it is trusted as long as nobody else had a say in where it goes. */
  readonly exchange: (request: Request, isTrusted: boolean) => Effect.Effect<Answer, RegistryError>
}

/** Where an answer points to, if that is where one may go. */
export const pointed = (
  { policy, purpose, registry }: Pick<Chase, "policy" | "purpose" | "registry">,
  answer: Answer,
  reference: string
): Effect.Effect<Address, RegistryError> =>
  Either.match(follow(policy, { purpose, registry, from: answer.request.address, reference }), {
    onLeft: ({ reason, rule }) => Effect.fail(answers.failure(answer, reason, rule)),
    onRight: Effect.succeed
  })

/** Sends a request to where it is redirected. */
export const chase = (rules: Chase, first: Request): Effect.Effect<Answer, RegistryError> => {
  const from = (request: Request, isTrusted: boolean, left: number): Effect.Effect<Answer, RegistryError> =>
    Effect.flatMap(rules.exchange(request, isTrusted), (answer) => {
      const location = answer.headers["location"]
      if (!isRedirect(answer.status) || location === undefined) return Effect.succeed(answer)
      const moved = left === 0
        ? answers.failure(answer, "InvalidAnswer", `it redirects more than ${rules.policy.maximalRedirects} times`)
        : pointed(rules, answer, location)
      return Effect.zipRight(
        answers.drop(answer),
        Effect.flatMap(moved, (address) =>
          from(
            answer.status === 303 && request.method !== "HEAD"
              ? { ...request, address, method: "GET", body: { _tag: "None" } }
              : { ...request, address },
            isTrusted && addresses.isSameOrigin(address, request.address),
            left - 1
          ))
      )
    })
  return from(first, true, rules.policy.maximalRedirects)
}
