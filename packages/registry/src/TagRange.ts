/**
 * Semantic version ranges for selecting tags.
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
 * A version range in npm's syntax: `^1.2`, `>=1.2 <2`, `1.x || 3`. It includes a pre-release version only if it names a
 * pre-release of the same version.
 *
 * @see https://github.com/npm/node-semver/blob/v7.8.6/README.md#ranges
 * @since 0.1.0
 * @category schemas
 */
export const TagRange = Schema.String.pipe(
  Schema.filter((text) => validRange(text) !== null, {
    identifier: "TagRange",
    message: ({ actual }) => `${JSON.stringify(actual)} is not a version range such as "^1.2" or ">=1.2 <2"`
  }),
  Schema.brand("@ociman/registry/TagRange")
)

/**
 * A version range in npm's syntax.
 *
 * @since 0.1.0
 * @category models
 */
export type TagRange = typeof TagRange.Type

/**
 * Creates a range from a literal. Throws if it is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (range: string) => TagRange = Schema.decodeSync(TagRange)

/** Tags cannot contain the `+` before build metadata; Helm writes `_` instead. */
const versionOf = (tag: string) => parse(tag.replace("_", "+"))

/**
 * Checks if a tag is a version in the range: `1.2.3`, `v1.2.3`, `1.2.3-rc.1`, `1.2.3_build`. A tag that is not a full
 * version, such as `1.2` or `latest`, is in no range.
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
 * Returns the tag of the highest version in the range, if any.
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
