import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { boundaries } from "../boundaries.mjs"

const script = fileURLToPath(new URL("../boundaries.mjs", import.meta.url))

const manifest = (name: string, dependencies: Record<string, string> = {}) =>
  JSON.stringify({
    name: `@ociman/${name}`,
    dependencies,
    peerDependencies: { effect: "^3.22.0" },
    devDependencies: { effect: "3.22.4" }
  })

const clean: Record<string, string> = {
  "packages/oci/package.json": manifest("oci"),
  "packages/oci/src/index.ts": `export * as Digest from "./Digest.js"\n`,
  "packages/oci/src/Digest.ts": `import * as Effect from "effect/Effect"\nexport const digest = Effect.void\n`,
  "packages/oci/src/internal/shared.ts": `import type * as Digest from "../Digest.js"\nexport type T = typeof Digest\n`,
  "packages/containers/package.json": manifest("containers", { "@ociman/oci": "0.0.0" }),
  "packages/containers/src/Backend.ts":
    `import * as Digest from "@ociman/oci/Digest"\nimport "effect/Effect"\nexport { Digest }\n`,
  "packages/node/package.json": manifest("node", { "@ociman/containers": "0.0.0" }),
  "packages/node/src/NodeHasher.ts":
    `import "node:crypto"\nimport "effect/Effect"\nexport * from "@ociman/containers/Backend"\n`
}

const withTree = <A>(files: Record<string, string>, use: (root: string) => A): A => {
  const root = mkdtempSync(join(tmpdir(), "ociman-boundaries-"))
  try {
    for (const [path, text] of Object.entries({ ...clean, ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return use(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const violations = (files: Record<string, string>) => withTree(files, (root) => boundaries(root).violations)

const run = (root: string) => spawnSync(process.execPath, [script, root], { encoding: "utf8" })

const planted: ReadonlyArray<readonly [what: string, files: Record<string, string>, expected: string]> = [
  [
    "an edge that goes upwards",
    { "packages/oci/src/A.ts": `\nimport "@ociman/containers/Backend"\n` },
    "packages/oci/src/A.ts:2 [edge] packages/oci may not import @ociman/containers"
  ],
  [
    "a type import along a forbidden edge",
    { "packages/containers/src/A.ts": `import type { X } from "@ociman/node/NodeHasher"\nexport type Y = X\n` },
    "packages/containers/src/A.ts:1 [edge]"
  ],
  [
    "an import type expression",
    { "packages/oci/src/A.ts": `export type Y = import("@ociman/containers/Backend").X\n` },
    "packages/oci/src/A.ts:1 [edge]"
  ],
  [
    "a dynamic import",
    { "packages/oci/src/A.ts": `export const a = () =>\n  import("@ociman/containers/Backend")\n` },
    "packages/oci/src/A.ts:2 [edge]"
  ],
  [
    "a dynamic import of an expression",
    { "packages/oci/src/A.ts": `export const a = (name: string) => import(name)\n` },
    "packages/oci/src/A.ts:1 [literal]"
  ],
  [
    "a re-export",
    { "packages/oci/src/A.ts": `export * from "@ociman/containers/Backend"\n` },
    "packages/oci/src/A.ts:1 [edge]"
  ],
  [
    "a dependency along a forbidden edge",
    { "packages/oci/package.json": manifest("oci", { "@ociman/containers": "0.0.0" }) },
    "packages/oci/package.json:1 [edge]"
  ],
  [
    "an import from a higher layer",
    {
      "packages/containers/src/internal/values/a.ts": `import "../cli/b.js"\n`,
      "packages/containers/src/internal/cli/b.ts": `import "effect/Effect"\n`
    },
    "packages/containers/src/internal/values/a.ts:1 [layer] values may not import from cli: internal/cli/b.ts"
  ],
  [
    "an import of a type from another driver",
    {
      "packages/containers/src/internal/memory/a.ts": `import type { B } from "../cli/b.js"\nexport type A = B\n`,
      "packages/containers/src/internal/cli/b.ts": `export type B = string\n`
    },
    "packages/containers/src/internal/memory/a.ts:1 [layer] memory may not import from cli: internal/cli/b.ts"
  ],
  [
    "a public module in no layer",
    {
      "packages/containers/src/Novelty.ts": `import "./internal/values/a.js"\n`,
      "packages/containers/src/internal/values/a.ts": `import "effect/Effect"\n`
    },
    "packages/containers/src/Novelty.ts:1 [layer] Novelty.ts is in no layer of packages/containers"
  ],
  [
    "a cycle of type imports",
    {
      "packages/containers/src/internal/cli/a.ts": `import type { B } from "./b.js"\nexport type A = B\n`,
      "packages/containers/src/internal/cli/b.ts": `import type { A } from "./a.js"\nexport type B = A\n`
    },
    "[cycle] packages/containers/src/internal/cli/a.ts -> packages/containers/src/internal/cli/b.ts"
  ],
  [
    "a package reserved for another",
    { "packages/oci/src/A.ts": `import "@effect/platform-node/NodeContext"\n` },
    "packages/oci/src/A.ts:1 [edge] packages/oci may not import @effect/platform-node"
  ],
  [
    "another package's internal module",
    { "packages/containers/src/A.ts": `import "@ociman/oci/internal/shared"\n` },
    "packages/containers/src/A.ts:1 [internal]"
  ],
  [
    "a relative path into another package",
    { "packages/containers/src/A.ts": `import "../../oci/src/Digest.js"\n` },
    "packages/containers/src/A.ts:1 [outside]"
  ],
  [
    "a package importing itself by name",
    { "packages/oci/src/A.ts": `import "@ociman/oci/Digest"\n` },
    "packages/oci/src/A.ts:1 [self]"
  ],
  [
    "a Node module outside packages/node",
    { "packages/oci/src/A.ts": `import "node:crypto"\n` },
    `packages/oci/src/A.ts:1 [platform] "node:crypto"`
  ],
  [
    "a Node module without its prefix",
    { "packages/containers/src/A.ts": `import "fs"\n` },
    "packages/containers/src/A.ts:1 [platform]"
  ],
  [
    "Node's types by reference",
    { "packages/oci/src/A.ts": `/// <reference types="node" />\nexport {}\n` },
    "packages/oci/src/A.ts:1 [platform]"
  ],
  [
    "a relative import without .js",
    { "packages/oci/src/A.ts": `import "./Digest"\n` },
    "packages/oci/src/A.ts:1 [extension]"
  ],
  [
    "a relative import of nothing",
    { "packages/oci/src/A.ts": `import "./Nothing.js"\n` },
    "packages/oci/src/A.ts:1 [missing]"
  ],
  [
    "a cycle of modules",
    {
      "packages/oci/src/A.ts": `import "./B.js"\n`,
      "packages/oci/src/B.ts":
        `import type { X } from "./Digest.js"\nimport { type Y } from "./A.js"\nexport type Z = X & Y\n`
    },
    "packages/oci/src/B.ts:2 [cycle] packages/oci/src/A.ts -> packages/oci/src/B.ts -> packages/oci/src/A.ts"
  ],
  [
    "a cycle across packages",
    { "packages/oci/src/Digest.ts": `import "effect/Effect"\nimport "@ociman/containers/Backend"\n` },
    "[cycle] packages/containers/src/Backend.ts -> packages/oci/src/Digest.ts -> packages/containers/src/Backend.ts"
  ],
  [
    "an undeclared dependency",
    { "packages/oci/src/A.ts": `import "semver"\n` },
    "packages/oci/src/A.ts:1 [undeclared] semver"
  ],
  [
    "effect as a plain dependency",
    { "packages/oci/package.json": `{ "dependencies": { "effect": "3" } }` },
    "packages/oci/package.json:1 [peer] effect"
  ],
  [
    "a dependency that no module imports",
    { "packages/oci/package.json": manifest("oci", { semver: "7" }) },
    "packages/oci/package.json:1 [unused]"
  ],
  [
    "a package without a row in the table",
    { "packages/other/package.json": "{}" },
    "packages/other/package.json:1 [edge]"
  ]
]

describe("scripts/boundaries.mjs", () => {
  it("accepts a tree without violations", () => {
    const { status, stdout } = withTree({}, run)
    assert.strictEqual(stdout, "3 packages, 5 modules: edges, cycles and dependencies are in order\n")
    assert.strictEqual(status, 0)
  })

  it("exits with 1 on a violation", () => {
    const { status, stderr } = withTree({ "packages/oci/src/A.ts": `import "./Nothing.js"\n` }, run)
    assert.include(stderr, "packages/oci/src/A.ts:1 [missing]")
    assert.strictEqual(status, 1)
  })

  it("accepts a cycle of type imports in packages/testing only", () => {
    const cycle = (name: string) => ({
      [`packages/${name}/src/A.ts`]: `import "./B.js"\n`,
      [`packages/${name}/src/B.ts`]: `import type { X } from "./A.js"\nexport type Y = X\n`
    })
    const manifestOfTesting = { "packages/testing/package.json": manifest("testing") }
    assert.deepStrictEqual(violations({ ...manifestOfTesting, ...cycle("testing") }), [])
    assert.include(violations(cycle("oci")).join("\n"), "[cycle]")
  })

  it.each(planted)("reports %s", (_, files, expected) => {
    assert.include(violations(files).join("\n"), expected)
  })

  it("accepts this repository", () => {
    assert.deepStrictEqual(boundaries(fileURLToPath(new URL("../..", import.meta.url))).violations, [])
  })
})
