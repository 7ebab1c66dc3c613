import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"

const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`

/** Resolves no module of vitest, as where it is not installed. */
const hooks = dataUrl(`
export const resolve = (specifier, context, next) => {
  if (/^(@effect\\/)?vitest(\\/|$)/.test(specifier)) throw new Error("vitest is not installed: " + specifier)
  return next(specifier, context)
}`)

const withoutVitest = dataUrl(`import { register } from "node:module"\nregister(${JSON.stringify(hooks)})`)

const load = (specifier: string) =>
  spawnSync(
    process.execPath,
    [
      "--conditions=@ociman/source",
      "--import=tsx",
      `--import=${withoutVitest}`,
      "--input-type=module",
      `--eval=console.log(Object.keys(await import("${specifier}")).join(" "))`
    ],
    { cwd: import.meta.dirname, encoding: "utf8" }
  )

describe("The index of @ociman/testing", () => {
  it("loads in plain Node without vitest", () => {
    const { status, stderr, stdout } = load("@ociman/testing")
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stdout, "FakeEngine FaultyRegistry Leftovers LocalRegistry TestImage\n")
  })

  it("leaves out the suites, which need vitest", () => {
    for (const suite of ["BackendSuite", "ImageStoreSuite", "RegistrySuite"]) {
      const { status, stderr } = load(`@ociman/testing/${suite}`)
      assert.notStrictEqual(status, 0)
      assert.include(stderr, "vitest is not installed")
    }
  })
})
