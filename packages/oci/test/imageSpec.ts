/** The JSON schemas of the image specification, if available. */
import Draft4 from "ajv-draft-04"
import addFormats from "ajv-formats"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../../shared/vectors/image-spec-schema/", import.meta.url))

const base = "https://opencontainers.org/schema/"

const urls = {
  manifest: `${base}image/manifest`,
  index: `${base}image/index`,
  config: `${base}image/config`,
  layout: `${base}image/layout`,
  descriptor: `${base}descriptor`
}

// Draft 4 resolves references against each `id` on the way, contrary to the intention of the schemas.
const withoutIds = (schema: unknown): unknown =>
  Array.isArray(schema)
    ? schema.map(withoutIds)
    : typeof schema === "object" && schema !== null
    ? Object.fromEntries(
      Object.entries(schema).flatMap(([key, value]) =>
        key === "id" && typeof value === "string" ? [] : [[key, withoutIds(value)]]
      )
    )
    : schema

const load = (version: string) => {
  if (!existsSync(folder)) return undefined
  const ajv = addFormats.default(new Draft4.default({ strict: false, allErrors: true }))
  const { aliases } = JSON.parse(readFileSync(`${folder}VERSION.json`, "utf8"))
  for (const [file, names] of Object.entries<ReadonlyArray<string>>(aliases)) {
    if (file === "about") continue
    const schema = withoutIds(JSON.parse(readFileSync(`${folder}${version}/${file}`, "utf8")))
    for (const name of names) ajv.addSchema(schema as object, name)
  }
  return ajv
}

const versions = ["main", "v1.1.1"].map(load)

export const isAvailable = existsSync(folder)

/** Validates against every available version of the specification. */
export const schemaOf = (kind: keyof typeof urls) => {
  const validators = versions.flatMap((ajv) => ajv?.getSchema(urls[kind]) ?? [])
  if (validators.length === 0) return undefined
  const validate = (json: unknown): boolean => {
    const failed = validators.find((_) => !_(json))
    validate.errors = failed?.errors
    return failed === undefined
  }
  validate.errors = undefined as unknown
  return validate
}
