import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { InvalidDocument } from "../../ContentError.js"
import * as json from "./json.js"

/** Preserves unknown fields at every level. */
const options = { onExcessProperty: "preserve" } as const

const invalidField = (document: string) => (error: ParseResult.ParseError): InvalidDocument => {
  // For a nullable field, the failure of the null alternative is not of interest: report the deepest issue.
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

/** Conversion between JSON and values of a schema. */
export const fields = <A, I>(document: string, schema: Schema.Schema<A, I>) => ({
  fromJson: (input: unknown): Either.Either<A, InvalidDocument> =>
    Either.mapLeft(Schema.decodeUnknownEither(schema, options)(input), invalidField(document)),
  toJson: (value: A): Either.Either<I, InvalidDocument> =>
    Either.mapLeft(Schema.encodeEither(schema, options)(value), invalidField(document))
})

/** Conversion between bytes of a JSON document and values of a schema. */
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

/** Maximum size of manifests, which every registry must accept: 4 MiB. */
export const manifestLimit = 4 * 1024 * 1024

/** Schema of RFC 3339 date and time. */
export const DateTime = Schema.String.pipe(
  Schema.filter(
    (text) =>
      /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/
        .test(text),
    { message: () => "a date must be in RFC 3339 form, as in \"2015-10-31T22:22:56.015925234Z\"" }
  )
).annotations({
  identifier: "Rfc3339",
  arbitrary: () => (fc) =>
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((_) => _.toISOString())
})

/** Schema of an optional field. */
export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Schema of an optional field that encoders in Go may write as null. */
export const nullable = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { exact: true, nullable: true })

/** Schema of a required list that encoders in Go write as null if it is empty. */
export const list = <A, I>(item: Schema.Schema<A, I>) => {
  const items = Schema.Array(item)
  return Schema.transform(Schema.NullOr(items), Schema.typeSchema(items), {
    strict: true,
    decode: (found) => found ?? [],
    encode: identity
  })
}
