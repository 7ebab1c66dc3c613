/**
 * What a registry asks for in `WWW-Authenticate` before it answers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { scan } from "./internal/challengeScanner.js"
import { AuthenticationError } from "./RegistryError.js"
import * as TokenScope from "./TokenScope.js"

/**
 * One challenge, of any scheme. Scheme and names of parameters are in lower case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Challenge {
  readonly scheme: string
  /** What some schemes have in place of parameters; where it is given, there are none. */
  readonly token68: Option.Option<string>
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * A token is wanted, which `realm` gives out.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md
 * @since 0.1.0
 * @category models
 */
export interface Bearer {
  readonly _tag: "Bearer"
  /** The address of the token server, which may be relative to the one that was asked. */
  readonly realm: string
  /** The name that the registry has there. */
  readonly service: Option.Option<string>
  /** What the token must be good for; empty where nothing is asked for, as for a login. */
  readonly scopes: ReadonlyArray<TokenScope.TokenScope>
  /** Why a token that was sent is not good enough, such as `insufficient_scope`. */
  readonly error: Option.Option<string>
}

/**
 * A user name and a password are wanted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Basic {
  readonly _tag: "Basic"
  readonly realm: Option.Option<string>
}

/**
 * Reads the values of the header: one or several, each with one challenge or several, since HTTP libraries join them.
 *
 * Nothing fails: what is malformed is left out, and a parameter that is given twice counts once, the first time. The
 * time it takes is linear in the length of the input.
 *
 * @example
 * ```ts
 * import { Challenge } from "@ociman/registry"
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
 * One value of the header, which {@link parse} reads back.
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
 * The challenge to answer: Bearer before Basic, whichever comes first, as Docker does. All other schemes are passed
 * over.
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
  if (bearers.length > 0) return fail("NoRealm", "it wants a token, and does not say where to get one")
  return challenges.length === 0
    ? fail("NoChallenge", "it does not say how")
    : fail(
      "UnsupportedScheme",
      `it wants ${challenges.map(({ scheme }) => scheme).join(" or ")}, and only Bearer and Basic are known here`
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
