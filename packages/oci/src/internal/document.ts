import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { InvalidDocument } from "../ContentError.js"
import * as json from "./json.js"

/** Fields that nobody here knows stay where they are, at every level. */
const options = { onExcessProperty: "preserve" } as const

const invalidField = (document: string) => (error: ParseResult.ParseError): InvalidDocument => {
  // Where a field may also be null, that it is not null is not the problem.
  const issue = ParseResult.ArrayFormatter.formatErrorSync(error).reduce((deepest, next) =>
    next.path.length > deepest.path.length ? next : deepest
  )
  return new InvalidDocument({
    document,
    path: json.printPath(issue?.path ?? []),
    reason: "InvalidField",
    rule: issue?.message ?? error.message
  })
}

/** A value of a schema from JSON and back. */
export const fields = <A, I>(document: string, schema: Schema.Schema<A, I>) => ({
  fromJson: (input: unknown): Either.Either<A, InvalidDocument> =>
    Either.mapLeft(Schema.decodeUnknownEither(schema, options)(input), invalidField(document)),
  toJson: (value: A): Either.Either<I, InvalidDocument> =>
    Either.mapLeft(Schema.encodeEither(schema, options)(value), invalidField(document))
})

/** A value of a schema from the bytes of a JSON document and back. */
export const bytes = <A, I>(document: string, schema: Schema.Schema<A, I>, limit: number) => {
  const { fromJson, toJson } = fields(document, schema)
  const parse = json.parse(document, limit)
  return {
    name: document,
    limit,
    decode: (bytes: Uint8Array): Either.Either<A, InvalidDocument> => Either.flatMap(parse(bytes), fromJson),
    encode: (value: A): Either.Either<Uint8Array, InvalidDocument> =>
      Either.flatMap(toJson(value), (written) => {
        const fault = json.inexact(written)
        if (Option.isSome(fault)) return Either.left(new InvalidDocument({ document, ...fault.value }))
        const encoded = json.canonical(written)
        return encoded.length <= limit ? Either.right(encoded) : Either.left(json.tooLarge(document, encoded, limit))
      })
  }
}

/** Four mebibytes: what every registry must take as a manifest. */
export const manifestLimit = 4 * 1024 * 1024

/** Text in the form of RFC 3339. */
export const DateTime = Schema.String.pipe(
  Schema.filter(
    (text) =>
      /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/
        .test(text),
    { message: () => "a point in time is written as in RFC 3339, like \"2015-10-31T22:22:56.015925234Z\"" }
  )
).annotations({
  identifier: "Rfc3339",
  arbitrary: () => (fc) =>
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((_) => _.toISOString())
})

/** A field that may be left out. */
export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** A field that may be left out. Encoders of Go also write null for it. */
export const nullable = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { exact: true, nullable: true })

/** A list that must be there. Encoders of Go write null for an empty one. */
export const list = <A, I>(item: Schema.Schema<A, I>) => {
  const items = Schema.Array(item)
  return Schema.transform(Schema.NullOr(items), Schema.typeSchema(items), {
    strict: true,
    decode: (found) => found ?? [],
    encode: identity
  })
}
