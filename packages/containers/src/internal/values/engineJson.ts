import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Optional property, which engines also report as null. */
export const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/** Labels or options by name. */
export const Texts = orNull(Schema.Record({ key: Schema.String, value: Schema.String }))

/** Parses a time. Both engines write the year 1 for a time that is not set. */
export const time = (text: string | null | undefined): Option.Option<DateTime.Utc> =>
  text === undefined || text === null || text === "" || text.startsWith("0001-")
    ? Option.none()
    : Option.map(DateTime.make(text), DateTime.toUtc)
