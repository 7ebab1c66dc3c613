import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`

/** Fails to resolve modules of vitest, as if it were not installed. */
const hooks = dataUrl(`
export const resolve = (specifier, context, next) => {
  if (/^(@effect\\/)?vitest(\\/|$)/.test(specifier)) throw new Error("vitest is not installed: " + specifier)
  return next(specifier, context)
}`)

const withoutVitest = dataUrl(`import { register } from "node:module"\nregister(${JSON.stringify(hooks)})`)

const suites = ["BackendSuite", "ImageStoreSuite", "RegistrySuite"].map((suite) => `@ociman/testing/${suite}`)

const program = `
const failures = await Promise.allSettled(${JSON.stringify(suites)}.map((suite) => import(suite)))
console.log(JSON.stringify({
  index: Object.keys(await import("@ociman/testing")),
  failures: failures.map(({ reason }) => String(reason))
}))`

const load = () =>
  Effect.promise(() =>
    promisify(execFile)(
      process.execPath,
      [
        "--conditions=@ociman/source",
        "--import=tsx",
        `--import=${withoutVitest}`,
        "--input-type=module",
        `--eval=${program}`
      ],
      { cwd: import.meta.dirname }
    )
  )

describe("the index of @ociman/testing", () => {
  it.live("loads in plain Node without vitest and omits the suites that need it", () =>
    Effect.gen(function*() {
      const { failures, index } = JSON.parse((yield* load()).stdout)
      assert.deepStrictEqual(index, [
        "FakeEngine",
        "FaultyRegistry",
        "Leftovers",
        "LocalRegistry",
        "TestImage",
        "ToolMissing"
      ])
      assert.lengthOf(failures, suites.length)
      for (const failure of failures) assert.include(failure, "vitest is not installed")
    }), 120_000)
})
