import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const packages = resolve(import.meta.dirname, "../../packages")

const staticImport = /^(?:import|export) (?:(?:\* as \w+|\*|\{[^}]*\}) from )?"([^"]+)"/gm

const resolved = (importer: string, specifier: string): string | undefined => {
  if (specifier.startsWith(".")) return join(dirname(importer), specifier.replace(/\.js$/, ".ts"))
  const [, name, module = "index"] = /^@ociman\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
  return name === undefined ? undefined : join(packages, name, "src", `${module}.ts`)
}

/** Modules of this repository that an import of one loads at once, without those of dynamic imports. */
const loadedBy = (module: string): ReadonlyArray<string> => {
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(staticImport)) {
      const target = resolved(file, specifier)
      if (target !== undefined) visit(target)
    }
  }
  visit(join(packages, module))
  return [...seen].map((file) => relative(packages, file)).sort()
}

describe("loading", () => {
  it.each([
    ["containers/src/Container.ts", 85],
    ["containers/src/EngineBackend.ts", 85],
    ["registry/src/Registry.ts", 95],
    ["node/src/NodeOciman.ts", 1]
  ])("an import of %s loads at most %d modules of this repository", (module, most) => {
    const loaded = loadedBy(module)
    assert.isAtMost(loaded.length, most, loaded.join("\n"))
  })

  it.each(["containers/src/Container.ts", "containers/src/EngineBackend.ts"])(
    "an import of %s loads no driver, no search for engines and no barrel",
    (module) => {
      const driver = /containers\/src\/internal\/(?:cli|memory|discovery|dialect|host)\/|\/src\/index\.ts$/
      assert.deepStrictEqual(loadedBy(module).filter((file) => driver.test(file)), [])
      assert.include(loadedBy(module), "containers/src/internal/derived/lifecycle.ts")
    }
  )

  it("the modules of a driver are found where they are loaded", () => {
    assert.isAbove(loadedBy("containers/src/CliBackend.ts").filter((file) => file.includes("/cli/")).length, 30)
  })
})
