/**
 * Labels of containers, images, networks and volumes, and filters by label.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import * as SortedMap from "effect/SortedMap"
import { atMostBytes, each, firstOf, fromString, nonEmpty, noNul, refined } from "./internal/values/text.js"

/**
 * Key of a label: not empty, at most 256 bytes of UTF-8, without `=`, `,`, white space and ASCII control characters.
 *
 * Engines accept more, but differently. A `=` ends the key, a `,` separates labels in the output of `docker ps`, and
 * Docker refuses white space that Podman keeps.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Key = refined(
  "LabelKey",
  "label key",
  firstOf(
    nonEmpty,
    each(
      (char) => char > " " && char !== "\x7F" && char !== "=" && char !== ",",
      "a key has no \"=\", no \",\", no white space and no control characters"
    ),
    atMostBytes(256)
  )
).pipe(Schema.brand("@ociman/containers/Label/Key"))

/**
 * Key of a label.
 *
 * @since 0.1.0
 * @category models
 */
export type Key = typeof Key.Type

/**
 * Value of a label: at most 65536 bytes of UTF-8, without NUL.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Value = refined("LabelValue", "label value", firstOf(noNul, atMostBytes(65536))).pipe(
  Schema.brand("@ociman/containers/Label/Value")
)

/**
 * Value of a label.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = typeof Value.Type

/**
 * Label: a key and a value, which may be empty.
 *
 * @since 0.1.0
 * @category models
 */
export class Label extends Schema.Class<Label>("@ociman/containers/Label")({ key: Key, value: Value }) {}

/**
 * Creates a label. Throws if the key or the value is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (key: string, value: string): Label => Schema.decodeSync(Label)({ key, value })

/**
 * Formats the value of `--label`: `key=value`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ key, value }: { readonly key: string; readonly value: string }): string => `${key}=${value}`

/**
 * Label in the notation of `--label`: `key=value`, or `key` for an empty value.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<Label, string> = fromString({
  identifier: "LabelFromString",
  what: "label",
  to: Label,
  parse: (text) => {
    const end = text.indexOf("=")
    return Either.right(end === -1 ? { key: text, value: "" } : { key: text.slice(0, end), value: text.slice(end + 1) })
  },
  format
})

/**
 * Labels by key, sorted by key.
 *
 * @since 0.1.0
 * @category models
 */
export type Labels = SortedMap.SortedMap<Key, Value>

/**
 * Empty set of labels.
 *
 * @since 0.1.0
 * @category labels
 */
export const empty: Labels = SortedMap.empty<Key, Value>(Order.string)

/**
 * Adds a label, or replaces the one of the same key. Throws if the key or the value is invalid.
 *
 * @since 0.1.0
 * @category labels
 */
export const set: {
  (key: string, value: string): (self: Labels) => Labels
  (self: Labels, key: string, value: string): Labels
} = dual(3, (self: Labels, key: string, value: string): Labels => {
  const label = make(key, value)
  return SortedMap.set(self, label.key, label.value)
})

/**
 * Creates labels from a record. Throws if a key or a value is invalid.
 *
 * @since 0.1.0
 * @category labels
 */
export const fromRecord = (record: Readonly<Record<string, string>>): Labels =>
  Object.entries(record).reduce((labels, [key, value]) => set(labels, key, value), empty)

/**
 * Filter that matches a label key with any value.
 *
 * @since 0.1.0
 * @category filters
 */
export class Has extends Schema.TaggedClass<Has>("@ociman/containers/Label/Has")("Has", { key: Key }) {}

/**
 * Filter that matches a label key with exactly this value.
 *
 * @since 0.1.0
 * @category filters
 */
export class Equals
  extends Schema.TaggedClass<Equals>("@ociman/containers/Label/Equals")("Equals", { key: Key, value: Value })
{}

/**
 * Filter by label.
 *
 * @since 0.1.0
 * @category filters
 */
export type Filter = Has | Equals

/**
 * Filter by label.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Filter: Schema.Union<[typeof Has, typeof Equals]> = Schema.Union(Has, Equals)

/**
 * Matches a label key with any value. Throws if the key is invalid.
 *
 * @since 0.1.0
 * @category filters
 */
export const has = (key: string): Has => Schema.decodeSync(Has)({ _tag: "Has", key })

/**
 * Matches a label key with exactly this value. Throws if the key or the value is invalid.
 *
 * @since 0.1.0
 * @category filters
 */
export const equals = (key: string, value: string): Equals => Schema.decodeSync(Equals)({ _tag: "Equals", key, value })

/**
 * Formats the value of `--filter`: `label=key` or `label=key=value`.
 *
 * @since 0.1.0
 * @category filters
 */
export const formatFilter = (filter: typeof Filter.Encoded): string =>
  `label=${filter._tag === "Has" ? filter.key : format(filter)}`

/**
 * Filter in the notation of `--filter`: `label=key` or `label=key=value`.
 *
 * @since 0.1.0
 * @category filters
 */
export const FilterFromString: Schema.Schema<Filter, string> = fromString({
  identifier: "LabelFilterFromString",
  what: "label filter",
  to: Filter,
  parse: (text): Either.Either<typeof Filter.Encoded, string> => {
    const [, key, value] = /^label=([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    if (key === undefined) return Either.left("it does not begin with \"label=\"")
    return Either.right(value === undefined ? { _tag: "Has", key } : { _tag: "Equals", key, value })
  },
  format: formatFilter
})

/**
 * Reports whether labels, as reported by an engine, match a filter.
 *
 * @since 0.1.0
 * @category filters
 */
export const matches: {
  (filter: Filter): (self: Readonly<Record<string, string>>) => boolean
  (self: Readonly<Record<string, string>>, filter: Filter): boolean
} = dual(
  2,
  (self: Readonly<Record<string, string>>, filter: Filter): boolean =>
    Object.hasOwn(self, filter.key) && (filter._tag === "Has" || self[filter.key] === filter.value)
)

/**
 * Reports whether labels, as reported by an engine, match all filters.
 *
 * @since 0.1.0
 * @category filters
 */
export const matchesAll: {
  (filters: ReadonlyArray<Filter>): (self: Readonly<Record<string, string>>) => boolean
  (self: Readonly<Record<string, string>>, filters: ReadonlyArray<Filter>): boolean
} = dual(
  2,
  (self: Readonly<Record<string, string>>, filters: ReadonlyArray<Filter>): boolean =>
    filters.every((filter) => matches(self, filter))
)

/**
 * Converts to a record, as engines report labels, for example to compare with `ContainerInfo.labels`.
 *
 * @since 0.1.0
 * @category labels
 */
export const toRecord = (self: Labels): Readonly<Record<string, string>> => Object.fromEntries(self)
