/**
 * Ranges of versions, to choose among tags.
 *
 * @since 0.1.0
 */
import type * as Reference from "@ociman/oci/Reference"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import compare from "semver/functions/compare.js"
import parse from "semver/functions/parse.js"
import satisfies from "semver/functions/satisfies.js"
import validRange from "semver/ranges/valid.js"

/**
 * A range of versions as npm writes them: `^1.2`, `>=1.2 <2`, `1.x || 3`. Versions with a pre-release are in it only
 * if it names one of the same version.
 *
 * @see https://github.com/npm/node-semver/blob/v7.8.6/README.md#ranges
 * @since 0.1.0
 * @category schemas
 */
export const TagRange = Schema.String.pipe(
  Schema.filter((text) => validRange(text) !== null, {
    identifier: "TagRange",
    message: ({ actual }) => `${JSON.stringify(actual)} is not a range of versions, as "^1.2" and ">=1.2 <2" are`
  }),
  Schema.brand("@ociman/registry/TagRange")
)

/**
 * @since 0.1.0
 * @category models
 */
export type TagRange = typeof TagRange.Type

/**
 * A range that stands in the program. Throws where it is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (range: string) => TagRange = Schema.decodeSync(TagRange)

/** Tags cannot hold the `+` before the build of a version, for which Helm writes `_`. */
const versionOf = (tag: string) => parse(tag.replace("_", "+"))

/**
 * Whether a tag is a version of the range: `1.2.3`, `v1.2.3`, `1.2.3-rc.1`, `1.2.3_build`. A tag that is no whole
 * version, as `1.2` and `latest`, is in no range.
 *
 * @example
 * ```ts
 * import { TagRange } from "@ociman/registry"
 *
 * const tags = ["latest", "1.1", "v1.1.0", "1.2.0", "2.0.0-rc.1", "2.0.0"]
 * assert.deepStrictEqual(tags.filter(TagRange.includes(TagRange.make("^1.1"))), ["v1.1.0", "1.2.0"])
 * ```
 *
 * @since 0.1.0
 * @category predicates
 */
export const includes: {
  (range: TagRange): (tag: string) => boolean
  (tag: string, range: TagRange): boolean
} = dual(2, (tag: string, range: TagRange): boolean => {
  const version = versionOf(tag)
  return version !== null && satisfies(version, range)
})

/**
 * The tag of the highest version in the range, if there is one.
 *
 * @since 0.1.0
 * @category getters
 */
export const highest: {
  (range: TagRange): (tags: Iterable<Reference.Tag>) => Option.Option<Reference.Tag>
  (tags: Iterable<Reference.Tag>, range: TagRange): Option.Option<Reference.Tag>
} = dual(2, (tags: Iterable<Reference.Tag>, range: TagRange): Option.Option<Reference.Tag> => {
  let best: { readonly tag: Reference.Tag; readonly version: NonNullable<ReturnType<typeof versionOf>> } | undefined
  for (const tag of tags) {
    const version = versionOf(tag)
    if (version === null || !satisfies(version, range)) continue
    if (best === undefined || compare(version, best.version) > 0) best = { tag, version }
  }
  return Option.map(Option.fromNullable(best), ({ tag }) => tag)
})
