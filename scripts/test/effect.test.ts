import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const planted = `
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"

export class A extends Context.Tag("@ociman/oci/Planted/A")<A, { readonly a: number }>() {}
export class B extends Context.Tag("@ociman/oci/Planted/B")<B, {
  readonly one: () => Effect.Effect<number, never, A>
  readonly two: () => Effect.Effect<number, never, A>
}>() {}
export class C extends Context.Tag("Somewhere/else")<C, { readonly a: number }>() {}

declare const scoped: Effect.Effect<{ readonly a: number }, never, Scope.Scope>
declare const a: Layer.Layer<A>
declare const c: Layer.Layer<C, never, A>

export const scopeInLayer = Layer.effect(A, scoped)
export const merged = Layer.mergeAll(a, c)
export const twice = Effect.void.pipe(Effect.provide(a), Effect.provide(merged))
export const globalError = Effect.fail(new Error("no"))
export const unknownError = (error: unknown) => Effect.fail(error)
export const home = process.env["HOME"]
export const inEffect = Effect.sync(() => process.env["HOME"])
export const size = fs.statSync
`

describe("scripts/check-effect.mjs", () => {
  it("reports each diagnostic that is raised to an error", () => {
    const directory = mkdtempSync(join(tmpdir(), "ociman-effect-"))
    try {
      symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
      for (const name of ["oci", "node"]) {
        mkdirSync(join(directory, "packages", name, "src"), { recursive: true })
        const manifest = { name: `@ociman/${name}`, version: "0.0.0", type: "module" }
        writeFileSync(join(directory, "packages", name, "package.json"), JSON.stringify(manifest))
      }
      writeFileSync(join(directory, "packages/oci/src/Planted.ts"), planted)
      writeFileSync(join(directory, "packages/node/src/Fine.ts"), `export * from "node:fs"\n`)
      writeFileSync(
        join(directory, "tsconfig.json"),
        JSON.stringify({
          extends: join(root, "tsconfig.effect.json"),
          include: ["packages/*/src"],
          compilerOptions: { typeRoots: [join(root, "node_modules/@types")] }
        })
      )
      const { status, stderr, stdout } = spawnSync(
        process.execPath,
        [join(root, "scripts/check-effect.mjs"), join(directory, "tsconfig.json")],
        { encoding: "utf8", env: { ...process.env, OCIMAN_CHECK_CACHE: join(directory, "cache") } }
      )
      assert.deepStrictEqual(
        Array.from(stdout.matchAll(/^(\S+?):\d+:\d+ \[(\w+)\]/gm), ([, file, rule]) => `${file} ${rule}`).sort(),
        [
          "anyUnknownInErrorContext",
          "deterministicKeys",
          "globalErrorInEffectFailure",
          "layerMergeAllWithDependencies",
          "leakingRequirements",
          "multipleEffectProvide",
          "nodeBuiltinImport",
          "processEnv",
          "processEnvInEffect",
          "scopeInLayerEffect"
        ].map((rule) => `packages/oci/src/Planted.ts ${rule}`),
        stderr
      )
      assert.strictEqual(status, 1)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
