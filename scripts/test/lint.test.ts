import { assert, describe, it } from "@effect/vitest"
import { ESLint } from "eslint"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import tseslint from "typescript-eslint"

const cwd = fileURLToPath(new URL("../..", import.meta.url))

// The planted files are not on disk and so not in a TypeScript program: omits the rules that need types.
const eslint = new ESLint({ cwd, overrideConfig: tseslint.configs.disableTypeChecked })

const rulesOf = async (file: string, code: string) => {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(cwd, file) })
  return result?.messages.map(({ message, ruleId }) => ruleId ?? message)
}

const src = "packages/oci/src/Planted.ts"
const test = "packages/oci/test/Planted.test.ts"

/** A module of a package that is not exempt from the rules of prose. */
const prose = "packages/testing/src/Planted.ts"

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
  [test, `describe.skip("", () => undefined)`, "no-restricted-syntax"],
  [prose, "/** What a build may fail with. */\nexport const a = 1", "prose/doc-comments"],
  [prose, "/**\n * Who made it.\n *\n * @since 0.1.0\n */\nexport const a = 1", "prose/doc-comments"],
  [prose, "/** Whose labels it has. */\nexport const a = 1", "prose/doc-comments"],
  [prose, "/** How it ends. */\nexport const a = 1", "prose/doc-comments"],
  [prose, "/** Where it is. */\nexport const a = 1", "prose/doc-comments"],
  [prose, "export interface A {\n  /** Whether it is there. */\n  readonly a: boolean\n}", "prose/doc-comments"],
  [prose, "// Done, whoever asks.\nexport const a = 1", "prose/comment-words"],
  [prose, "/** Reads it, whatever it is. */\nexport const a = 1", "prose/comment-words"],
  [prose, "export const a = 1 // Somebody else may write.", "prose/comment-words"],
  [prose, "/* Nobody waits. */\nexport const a = 1", "prose/comment-words"],
  [prose, "export const says = 1", "prose/names"],
  [prose, "export const judge = () => 1", "prose/names"],
  [prose, "export const missesOf = () => 1", "prose/names"],
  [prose, "export interface NetworkWanted {}", "prose/names"],
  [prose, "export class Stranger {}", "prose/names"],
  [prose, "export interface A {\n  readonly whereabouts: string\n}", "prose/names"],
  [prose, "export const f = (nowhere: string) => nowhere", "prose/names"],
  [prose, "export const lettingEnd = 1", "prose/names"],
  [prose, "export const placingFiles = 1", "prose/names"],
  [prose, "export const f = ({ notGiven }: Record<string, string>) => notGiven", "prose/names"],
  ["packages/testing/src/internal/buildTurns.ts", "export const a = 1", "prose/names"],
  ["scripts/planted.mjs", "// Ends, whatever fails.", "prose/comment-words"],
  [
    prose,
    `import * as Effect from "effect/Effect"\nexport const f = Effect.zipLeft(Effect.void, Effect.void)`,
    "effect4/idioms"
  ],
  [prose, `import * as List from "effect/List"\nexport const f = List.empty`, "effect4/idioms"],
  [
    prose,
    `import type { Hasher } from "@ociman/oci"\nexport const f = (hasher: Hasher.Hasher["Type"]) => hasher`,
    "effect4/idioms"
  ],
  [
    prose,
    `import * as CommandExecutor from "@effect/platform/CommandExecutor"\nexport const f = CommandExecutor.makeExecutor`,
    "effect4/idioms"
  ]
]

const allowed: ReadonlyArray<readonly [file: string, code: string]> = [
  [src, "export const a = [1, 2] as const"],
  [src, "export const a = /^(?:a|b)+$/"],
  ["packages/node/src/Planted.ts", "export const f = async () => 1"],
  ["packages/testing/src/Planted.ts", "export const f = async () => 1"],
  [test, `it("", async () => undefined)`],
  [test, `it.skipIf(true)("", () => undefined)`],
  [prose, "/** Returns what the engine printed, and where. */\nexport const a = \"nobody\""],
  [prose, "/** Whatsoever. */\nexport const returns = 1"],
  [
    prose,
    `import type { Client } from "other-package"\nexport const f = (client: Client) => client.says`
  ],
  [
    "packages/testing/src/internal/planted.ts",
    `import * as Encoding from "effect/Encoding"\nexport const f = Encoding.encodeBase64`
  ]
]

/** A function with the given number of lines of code, and an empty line and a comment. */
const longFunction = (lines: number) =>
  [
    "export const f = (a: Array<number>) => {",
    ...Array.from({ length: lines - 2 }, (_, index) => index === 0 ? "  // A comment.\n\n  a.push(1)" : "  a.push(1)"),
    "}"
  ].join("\n")

describe("the ESLint configuration", () => {
  it.each(planted)("refuses in %s: %s", async (file, code, rule) => {
    assert.include(await rulesOf(file, code), rule)
  })

  it.each(allowed)("accepts in %s: %s", async (file, code) => {
    assert.deepStrictEqual(await rulesOf(file, code), [])
  })

  it.each(
    [["packages/testing/src/Planted.ts", 80], ["packages/testing/src/internal/backendSuite/planted.ts", 100]] as const
  )(
    "refuses in %s a function of more than %d lines of code",
    async (file, max) => {
      assert.deepStrictEqual(await rulesOf(file, longFunction(max)), [])
      assert.deepStrictEqual(await rulesOf(file, longFunction(max + 1)), ["max-lines-per-function"])
    }
  )
})
