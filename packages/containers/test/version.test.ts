import { it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import manifest from "../package.json" with { type: "json" }
import { version } from "../src/internal/values/libraryVersion.js"

it("the version in labels equals that of the package", () => {
  strictEqual(version, manifest.version)
})
