import * as Either from "effect/Either"

/** Formats one record of RFC 4180. */
export const formatCsv = (fields: ReadonlyArray<string>): string =>
  fields.map((field) => /[",\r\n]/.test(field) ? `"${field.replaceAll("\"", "\"\"")}"` : field).join(",")

/** Parses the field that begins at a quote. Returns it with the position after it. */
const quoted = (record: string, position: number): Either.Either<readonly [field: string, end: number], string> => {
  const pieces: Array<string> = []
  for (let from = position + 1;;) {
    const end = record.indexOf("\"", from)
    if (end === -1) return Either.left(`the quote at position ${position} is not closed`)
    pieces.push(record.slice(from, end))
    if (record[end + 1] !== "\"") return Either.right([pieces.join("\""), end + 1])
    from = end + 2
  }
}

const unquoted = (record: string, position: number): Either.Either<readonly [field: string, end: number], string> => {
  const comma = record.indexOf(",", position)
  const end = comma === -1 ? record.length : comma
  const field = record.slice(position, end)
  const quote = field.indexOf("\"")
  return quote === -1
    ? Either.right([field, end])
    : Either.left(`the quote at position ${position + quote} is within a field that does not begin with one`)
}

/** Parses the fields of one record of RFC 4180. */
export const parseCsv = (record: string): Either.Either<ReadonlyArray<string>, string> => {
  const fields: Array<string> = []
  for (let position = 0;;) {
    const next = record[position] === "\"" ? quoted(record, position) : unquoted(record, position)
    if (Either.isLeft(next)) return Either.left(next.left)
    const [field, end] = next.right
    fields.push(field)
    if (end === record.length) return Either.right(fields)
    if (record[end] !== ",") return Either.left(`there is no comma at position ${end}, after a quoted field`)
    position = end + 1
  }
}
