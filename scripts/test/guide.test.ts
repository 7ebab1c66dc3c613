import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runScript } from "./script.js"

const block = (info: string, code: string) => `\`\`\`${info}\n${code}\n\`\`\`\n`

const check = async (...blocks: ReadonlyArray<string>) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-guide-test-"))
  try {
    writeFileSync(join(directory, "page.md"), `# Page\n\n${blocks.join("\n")}`)
    return await runScript("check-guide.mjs", directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const hello = `import { Effect } from "effect"\n\nconsole.log(Effect.runSync(Effect.succeed("hello")))`

const test = (title: string, expected: number) =>
  [
    `import { assert, it } from "@effect/vitest"`,
    `import { one } from "./one.js"`,
    `it("${title}", () => assert.strictEqual(one, Number("${expected}")))`
  ].join("\n")

const timeout = 180_000

describe("The check of the guide", () => {
  it("accepts programs, modules and tests, and does not run blocks that are only compiled", { timeout }, async () => {
    const { output, status } = await check(
      block("ts", hello),
      block("text", "hel…"),
      block("ts one.ts", "export const one = 1"),
      block("ts one.test.ts", test("one is 1", 1)),
      block("ts compile", "throw new Error(\"not to be run\")")
    )
    assert.strictEqual(status, 0, output)
    assert.strictEqual(output, "4 blocks compile; 1 programs and 1 test files pass\n")
  })

  it("rejects a failing program or test, and other output than the page shows", { timeout }, async () => {
    const { output, status } = await check(
      block("ts", "throw new Error(\"broken\")"),
      block("ts", "console.log(\"hello\")"),
      block("text", "bye"),
      block("ts", "console.log(\"unexpected\")"),
      block("ts one.ts", "export const one = 1"),
      block("ts one.test.ts", test("one is 2", 2))
    )
    assert.strictEqual(status, 1, output)
    assert.include(output, "page.md:3: the program fails:")
    assert.include(output, "page.md:7: the program prints\nhello\nbut the page shows\nbye\n")
    assert.include(output, "page.md:15: the program prints\nunexpected\nbut the page shows\n\n")
    assert.match(output, /AssertionError: expected 1 to equal 2/)
  })

  it("rejects a type error and reports its line in the page", { timeout }, async () => {
    const { output, status } = await check(block("ts compile", "export const text: string = 1"))
    assert.strictEqual(status, 1, output)
    assert.include(output, "page/program-1.ts(4,14): error TS2322")
  })

  it("rejects an unknown word in an info string", async () => {
    const { output, status } = await check(block("ts norun", hello))
    assert.strictEqual(status, 1, output)
    assert.include(output, "page.md:3: \"norun\" is neither \"compile\" nor the name of a file")
  })

  it("rejects pages without a program", async () => {
    const { output, status } = await check(block("sh", "true"))
    assert.strictEqual(status, 1, output)
    assert.include(output, "has no program")
  })
})
