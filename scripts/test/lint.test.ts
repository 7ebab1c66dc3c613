import { assert, describe, it } from "@effect/vitest"
import { ESLint } from "eslint"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import tseslint from "typescript-eslint"

const cwd = fileURLToPath(new URL("../..", import.meta.url))

// The planted files are not on disk, so no compiler knows them: without the rules that need types.
const eslint = new ESLint({ cwd, overrideConfig: tseslint.configs.disableTypeChecked })

const rulesOf = async (file: string, code: string) => {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(cwd, file) })
  return result?.messages.map(({ message, ruleId }) => ruleId ?? message)
}

const src = "packages/oci/src/Planted.ts"
const test = "packages/oci/test/Planted.test.ts"

const planted: ReadonlyArray<readonly [file: string, code: string, rule: string]> = [
  [src, "export const f = (a: any): number => a", "@typescript-eslint/no-explicit-any"],
  [src, "export const f = (a: string | null) => a!", "@typescript-eslint/no-non-null-assertion"],
  [src, "export const f = (a: unknown) => a as string", "@typescript-eslint/consistent-type-assertions"],
  [src, "export const f = () => {\n  throw new Error()\n}", "no-restricted-syntax"],
  [
    src,
    "export const f = (g: () => void) => {\n  try {\n    g()\n  } finally {\n    g()\n  }\n}",
    "no-restricted-syntax"
  ],
  [src, "export const f = async () => 1", "no-restricted-syntax"],
  [
    src,
    `import * as Effect from "effect/Effect"\nexport const f = Effect.runSync(Effect.void)`,
    "no-restricted-syntax"
  ],
  [src, `import { Effect } from "effect"\nexport const f = Effect.void`, "@effect/no-import-from-barrel-package"],
  [src, `import { type A } from "./A.js"\nexport type B = A`, "@typescript-eslint/no-import-type-side-effects"],
  [src, "console.log(1)", "no-console"],
  [src, "export const home = process.env.HOME", "no-restricted-properties"],
  [src, "export const f = (a: Array<number>, b: Array<number>) => a.push(...b)", "no-restricted-syntax"],
  [src, "export const a = 'single';", "@effect/dprint"],
  [src, "export const a = /^(?:\\s*a\\s*)*$/", "regexp/no-super-linear-backtracking"],
  [src, "export const a = new RegExp(\"(a+)+$\")", "regexp/no-super-linear-backtracking"],
  [src, "export const a = /\\s+$/", "regexp/no-super-linear-move"],
  ["packages/testing/src/Planted.ts", "export const f = () => {\n  throw new Error()\n}", "no-restricted-syntax"],
  [test, `it.only("", () => undefined)`, "no-restricted-syntax"],
  [test, `it.effect.skip("", () => undefined)`, "no-restricted-syntax"],
  [test, `describe.skip("", () => undefined)`, "no-restricted-syntax"]
]

const allowed: ReadonlyArray<readonly [file: string, code: string]> = [
  [src, "export const a = [1, 2] as const"],
  [src, "export const a = /^(?:a|b)+$/"],
  ["packages/node/src/Planted.ts", "export const f = async () => 1"],
  ["packages/testing/src/Planted.ts", "export const f = async () => 1"],
  [test, `it("", async () => undefined)`],
  [test, `it.skipIf(true)("", () => undefined)`]
]

describe("lint", () => {
  it.each(planted)("refuses in %s: %s", async (file, code, rule) => {
    assert.include(await rulesOf(file, code), rule)
  })

  it.each(allowed)("lets pass in %s: %s", async (file, code) => {
    assert.deepStrictEqual(await rulesOf(file, code), [])
  })
})
