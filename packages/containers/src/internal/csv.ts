/** One record of RFC 4180, without line breaks. */
export const formatCsv = (fields: ReadonlyArray<string>): string =>
  fields.map((field) => /[",]/.test(field) ? `"${field.replaceAll("\"", "\"\"")}"` : field).join(",")
