import type { Name } from "../../../Engine.js"
import * as Label from "../../../Label.js"

/**
 * Flags that shorten an engine's list. The engine may return more items: Podman
 * takes an empty value for any value, Docker's client trims white space, and
 * Podman 4 requires only one of several filters. Use {@link select} on the
 * result.
 *
 * @internal
 */
export const flags = (
  { client }: { readonly client: Name },
  filters: ReadonlyArray<Label.Filter>
): ReadonlyArray<string> =>
  filters.flatMap((filter) => {
    const key = Label.has(filter.key)
    const hint = isExact(client, filter) ? filter : isExact(client, key) ? key : undefined
    return hint === undefined ? [] : ["--filter", Label.formatFilter(hint)]
  })

/**
 * Selects the items whose labels match all filters.
 *
 * @internal
 */
export const select = <A extends { readonly labels: Readonly<Record<string, string>> }>(
  items: ReadonlyArray<A>,
  filters: ReadonlyArray<Label.Filter>
): ReadonlyArray<A> => items.filter(({ labels }) => Label.matchesAll(labels, filters))

/**
 * Reports whether a client selects exactly what the filter matches.
 *
 * @internal
 */
export const isExact = (client: Name, filter: Label.Filter): boolean =>
  (filter._tag === "Has" ? [filter.key] : [filter.key, filter.value]).every((text) =>
    text !== "" && !hasOuterSpace.test(text) && !(client === "podman" && csvSyntax.test(text))
  )

// White space that Go's `strings.TrimSpace` removes.
const hasOuterSpace = /^\p{White_Space}|\p{White_Space}$/u

/**
 * Characters with a meaning in Podman's lists of values, which are CSV.
 *
 * @internal
 */
export const csvSyntax = /[",\r\n]/
