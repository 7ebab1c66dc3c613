import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Facts about other implementations, which are beside the checkout or nowhere. */
export const load = <A>(name: string): A | undefined => {
  const file = fileURLToPath(new URL(`../../../../shared/vectors/${name}.json`, import.meta.url))
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined
}

/** They may be missing, but not where all tests must run. */
export const areOptional = process.env["CI"] !== "true"
