/**
 * What a token of a registry is good for: `repository:team/app:pull,push`.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Actions on one resource. The name may have colons; the actions are in order, each once, and `*` is all of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resource {
  readonly _tag: "Resource"
  /** `repository`, `registry`, or what else a registry has. */
  readonly type: string
  readonly name: string
  readonly actions: ReadonlyArray<string>
}

/**
 * A scope of a form that a registry has for itself, such as `aws`. It is passed on as it came.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opaque {
  readonly _tag: "Opaque"
  readonly text: string
}

/**
 * @since 0.1.0
 * @category models
 */
export type TokenScope = Resource | Opaque

const normalizeActions = (actions: Iterable<string>): ReadonlyArray<string> => {
  const distinct = new Set(actions)
  distinct.delete("")
  return distinct.has("*") ? ["*"] : Array.from(distinct).sort()
}

/**
 * Actions on a resource, brought into order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resource = (type: string, name: string, actions: Iterable<string>): Resource =>
  Data.struct({ _tag: "Resource", type, name, actions: Data.array(normalizeActions(actions)) })

/**
 * Actions on a repository.
 *
 * @example
 * ```ts
 * import { TokenScope } from "@ociman/registry"
 *
 * const scope = TokenScope.repository("team/app", ["push", "pull"])
 * assert.strictEqual(TokenScope.format(scope), "repository:team/app:pull,push")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const repository = (name: string, actions: Iterable<string>): Resource => resource("repository", name, actions)

/**
 * Listing the repositories of a registry.
 *
 * @since 0.1.0
 * @category constructors
 */
export const catalog: Resource = resource("registry", "catalog", ["*"])

/**
 * Reads one scope. Every text is one, and what has not the form `type:name:actions` is opaque.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): TokenScope => {
  const first = text.indexOf(":")
  const last = text.lastIndexOf(":")
  return first <= 0 || last === first
    ? Data.struct({ _tag: "Opaque", text })
    : resource(text.slice(0, first), text.slice(first + 1, last), text.slice(last + 1).split(","))
}

/**
 * Reads scopes with white space between them, as challenges and tokens have them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parseList = (text: string): ReadonlyArray<TokenScope> =>
  text.split(/\s+/).filter((part) => part !== "").map(parse)

/**
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: TokenScope): string =>
  self._tag === "Opaque" ? self.text : `${self.type}:${self.name}:${self.actions.join(",")}`

/**
 * The fewest scopes that say the same: one for each resource, in alphabetical order. What asks for no action, or for
 * actions on nothing, is left out.
 *
 * @example
 * ```ts
 * import { TokenScope } from "@ociman/registry"
 *
 * const scopes = TokenScope.parseList("repository:b:push repository:a:pull repository:b:pull")
 * assert.deepStrictEqual(TokenScope.union(scopes).map(TokenScope.format), [
 *   "repository:a:pull",
 *   "repository:b:pull,push"
 * ])
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const union = (...lists: ReadonlyArray<Iterable<TokenScope>>): ReadonlyArray<TokenScope> => {
  const found = new Map<string, TokenScope>()
  for (const list of lists) {
    for (const scope of list) {
      if (isEmpty(scope)) continue
      const id = scope._tag === "Opaque" ? scope.text : `${scope.type}:${scope.name}:`
      const known = found.get(id)
      found.set(
        id,
        known?._tag === "Resource" && scope._tag === "Resource"
          ? resource(scope.type, scope.name, [...known.actions, ...scope.actions])
          : scope
      )
    }
  }
  return Array.from(found.values()).sort((a, b) => format(a) < format(b) ? -1 : 1)
}

/**
 * Whether all of the second scopes are among the first ones.
 *
 * @since 0.1.0
 * @category predicates
 */
export const covers = (granted: Iterable<TokenScope>, wanted: Iterable<TokenScope>): boolean => {
  const has = union(granted)
  return union(wanted).every((scope) => has.some((other) => includes(other, scope)))
}

const includes = (granted: TokenScope, wanted: TokenScope): boolean =>
  granted._tag === "Opaque" || wanted._tag === "Opaque"
    ? format(granted) === format(wanted)
    : granted.type === wanted.type && granted.name === wanted.name &&
      (granted.actions.includes("*") || wanted.actions.every((action) => granted.actions.includes(action)))

const isEmpty = (scope: TokenScope): boolean =>
  scope._tag === "Opaque" ? scope.text === "" : scope.name === "" || scope.actions.length === 0
