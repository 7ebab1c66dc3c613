// Copies the version of @ociman/containers into its source code.
import { readFileSync, writeFileSync } from "node:fs"

const packageDirectory = new URL("../packages/containers/", import.meta.url)
const module = new URL("src/internal/values/libraryVersion.ts", packageDirectory)
const { version } = JSON.parse(readFileSync(new URL("package.json", packageDirectory), "utf8"))
writeFileSync(module, readFileSync(module, "utf8").replace(/(?<=version = ")[^"]*/, version))
