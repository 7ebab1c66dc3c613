/**
 * Scopes of registry tokens: `repository:team/app:pull,push`.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Actions on a resource. The name may contain colons. Actions are sorted and distinct; `*` stands for all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resource {
  readonly _tag: "Resource"
  /** `repository`, `registry`, or another type of the registry. */
  readonly type: string
  readonly name: string
  readonly actions: ReadonlyArray<string>
}

/**
 * A scope in a registry's own format, such as `aws`. It is passed on unchanged.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opaque {
  readonly _tag: "Opaque"
  readonly text: string
}

/**
 * A scope of a token.
 *
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
 * Creates a scope for actions on a resource, sorted and without duplicates.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resource = (type: string, name: string, actions: Iterable<string>): Resource =>
  Data.struct({ _tag: "Resource", type, name, actions: Data.array(normalizeActions(actions)) })

/**
 * Creates a scope for actions on a repository.
 *
 * @example
 * ```ts
 * import * as TokenScope from "@ociman/registry/author/TokenScope"
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
 * Scope for listing the repositories of a registry.
 *
 * @since 0.1.0
 * @category constructors
 */
export const catalog: Resource = resource("registry", "catalog", ["*"])

/**
 * Parses a scope. Never fails: text that is not of the form `type:name:actions` becomes an opaque scope.
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
 * Parses scopes separated by white space, as in challenges and tokens.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parseList = (text: string): ReadonlyArray<TokenScope> =>
  text.split(/\s+/).filter((part) => part !== "").map(parse)

/**
 * Formats a scope as {@link parse} reads it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: TokenScope): string =>
  self._tag === "Opaque" ? self.text : `${self.type}:${self.name}:${self.actions.join(",")}`

/**
 * Merges scopes into one per resource, in alphabetical order. Drops scopes without an action or a resource name.
 *
 * @example
 * ```ts
 * import * as TokenScope from "@ociman/registry/author/TokenScope"
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
 * Checks if the first scopes grant everything that the second ones require.
 *
 * @since 0.1.0
 * @category predicates
 */
export const covers = (granted: Iterable<TokenScope>, required: Iterable<TokenScope>): boolean => {
  const has = union(granted)
  return union(required).every((scope) => has.some((other) => includes(other, scope)))
}

const includes = (granted: TokenScope, required: TokenScope): boolean =>
  granted._tag === "Opaque" || required._tag === "Opaque"
    ? format(granted) === format(required)
    : granted.type === required.type && granted.name === required.name &&
      (granted.actions.includes("*") || required.actions.every((action) => granted.actions.includes(action)))

const isEmpty = (scope: TokenScope): boolean =>
  scope._tag === "Opaque" ? scope.text === "" : scope.name === "" || scope.actions.length === 0
