/**
 * Authentication challenges of a registry, from the header `WWW-Authenticate`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { scan } from "../internal/authentication/challengeScanner.js"
import { AuthenticationError } from "../RegistryError.js"
import * as TokenScope from "./TokenScope.js"

/**
 * A challenge of any scheme. The scheme and the parameter names are in lower case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Challenge {
  readonly scheme: string
  /** The token68 value that some schemes use instead of parameters; `parameters` is empty if it is present. */
  readonly token68: Option.Option<string>
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * A challenge for a token, which the server at `realm` issues.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md
 * @since 0.1.0
 * @category models
 */
export interface Bearer {
  readonly _tag: "Bearer"
  /** The URL of the token server; may be relative to the URL of the request. */
  readonly realm: string
  /** The name under which the token server knows the registry. */
  readonly service: Option.Option<string>
  /** The scopes that the token must cover; empty if none are required, as for a login. */
  readonly scopes: ReadonlyArray<TokenScope.TokenScope>
  /** The reason for rejecting the token of the request, such as `insufficient_scope`. */
  readonly error: Option.Option<string>
}

/**
 * A challenge for a user name and a password.
 *
 * @since 0.1.0
 * @category models
 */
export interface Basic {
  readonly _tag: "Basic"
  readonly realm: Option.Option<string>
}

/**
 * Parses one or more values of the header. Each may contain several challenges, since HTTP libraries join values.
 *
 * Never fails: malformed elements are skipped, and the first value of a repeated parameter wins. Takes time linear in
 * the length of the input.
 *
 * @example
 * ```ts
 * import * as Challenge from "@ociman/registry/author/Challenge"
 *
 * const challenges = Challenge.parse(
 *   "Negotiate, Bearer realm=\"https://auth.example.com/token\",scope=\"repository:app:pull,push\""
 * )
 * assert.deepStrictEqual(challenges.map(({ scheme }) => scheme), ["negotiate", "bearer"])
 * assert.strictEqual(challenges[1]?.parameters.get("scope"), "repository:app:pull,push")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (headers: string | ReadonlyArray<string>): ReadonlyArray<Challenge> =>
  (typeof headers === "string" ? [headers] : headers).flatMap(scan).map(({ parameters, scheme, token68 }) => ({
    scheme,
    token68: Option.fromNullable(token68),
    parameters
  }))

/**
 * Formats challenges as one value of the header, which {@link parse} reads back.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (challenges: Iterable<Challenge>): string => Array.from(challenges, formatOne).join(", ")

const formatOne = ({ parameters, scheme, token68 }: Challenge): string =>
  [
    scheme,
    Option.getOrElse(token68, () =>
      Array.from(parameters, ([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`).join(", "))
  ].filter((part) =>
    part !== ""
  ).join(" ")

/**
 * Selects the challenge to answer: Bearer in preference to Basic regardless of their order, as Docker does. Ignores all
 * other schemes.
 *
 * @since 0.1.0
 * @category getters
 */
export const select = (
  challenges: ReadonlyArray<Challenge>,
  registry: string
): Either.Either<Bearer | Basic, AuthenticationError> => {
  const fail = (reason: AuthenticationError["reason"], detail: string) =>
    Either.left(new AuthenticationError({ registry, reason, detail }))
  const bearers = challenges.filter(({ scheme }) => scheme === "bearer")
  const basic = challenges.find(({ scheme }) => scheme === "basic")
  const usable = bearers.find(({ parameters }) => (parameters.get("realm") ?? "") !== "")
  if (usable !== undefined) return Either.right(toBearer(usable))
  if (basic !== undefined) return Either.right({ _tag: "Basic", realm: parameter(basic, "realm") })
  if (bearers.length > 0) return fail("NoRealm", "its Bearer challenge does not name a token server (realm)")
  return challenges.length === 0
    ? fail("NoChallenge", "its response has no WWW-Authenticate challenge")
    : fail(
      "UnsupportedScheme",
      `it requires ${challenges.map(({ scheme }) => scheme).join(" or ")}, and only Bearer and Basic are supported`
    )
}

const parameter = ({ parameters }: Challenge, name: string) => Option.fromNullable(parameters.get(name))

const toBearer = (challenge: Challenge): Bearer => ({
  _tag: "Bearer",
  realm: challenge.parameters.get("realm") ?? "",
  service: parameter(challenge, "service"),
  scopes: TokenScope.parseList(challenge.parameters.get("scope") ?? ""),
  error: parameter(challenge, "error")
})
