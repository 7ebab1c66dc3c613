// Compiles every program in the pages of a directory, runs it, and compares its output with the block that follows it.
// The info string of a block decides: `ts` is a program, `ts compile` is only compiled, `ts NAME.ts` is a module for
// other blocks of the page, and `ts NAME.test.ts` is run by vitest. `…` in an expected output matches any text.
// Needs a build: `npm run build` first. `node scripts/check-guide.mjs [DIRECTORY]`
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const deadline = 300_000

const fence = /^```(.*)\n([\s\S]*?)^```$/gm

const kindOf = (words) => {
  const name = words.find((word) => word.endsWith(".ts"))
  if (words.includes("compile")) return { name, kind: "compiled" }
  if (name === undefined) return { name, kind: "program" }
  return { name, kind: name.endsWith(".test.ts") ? "test" : "module" }
}

/** The blocks of TypeScript in a page, with the line on which each begins. */
export const blocksOf = (page, markdown) => {
  const blocks = []
  let previous
  for (const { 0: text, 1: info, 2: code, index } of markdown.matchAll(fence)) {
    const [language = "", ...words] = info.trim().split(/\s+/)
    const line = markdown.slice(0, index).split("\n").length
    if (language === "ts") {
      const { kind, name = `program-${blocks.length + 1}.ts` } = kindOf(words)
      const unknown = words.filter((word) => word !== "compile" && word !== name)
      previous = { page, line, kind, name, code, unknown, expected: "" }
      blocks.push({ block: previous, end: index + text.length })
    } else if (language === "text" && previous?.kind === "program") {
      previous.expected = code
      previous = undefined
    } else if (language !== "sh") {
      previous = undefined
    }
  }
  return blocks.map(({ block }) => block)
}

const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

export const matches = (expected, output) =>
  new RegExp(`^${expected.trimEnd().split("…").map(escape).join("[^]*")}$`).test(output.trimEnd())

const run = (args, options) =>
  new Promise((done) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], timeout: deadline, ...options })
    let stdout = ""
    let output = ""
    child.stdout.on("data", (chunk) => {
      stdout += chunk
      output += chunk
    })
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code) => {
      if (child.killed) output += `\nended after ${deadline / 1000} s`
      done({ ok: code === 0 && !child.killed, stdout, output })
    })
  })

const tool = (path) => join(root, "node_modules", path)

// Line numbers in errors are those of the page.
const write = (directory, { code, line, name, page }) => {
  const file = join(directory, page, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, "\n".repeat(line) + code)
}

const prepare = (directory, blocks) => {
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }))
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      include: ["*/**/*.ts"],
      compilerOptions: {
        composite: false,
        incremental: false,
        declaration: false,
        declarationMap: false,
        sourceMap: false,
        customConditions: [],
        types: ["node"]
      }
    })
  )
  const tests = blocks.filter(({ kind }) => kind === "test").map(({ name, page }) =>
    `${page}/${name.replace(/\.ts$/, ".js")}`
  )
  writeFileSync(
    join(directory, "vitest.config.mjs"),
    `export default ${JSON.stringify({ test: { include: tests, isolate: false } })}\n`
  )
  for (const block of blocks) write(directory, block)
  return tests
}

const checkProgram = async (directory, { expected, line, name, page }) => {
  const home = join(directory, page)
  const { ok, output, stdout } = await run([name.replace(/\.ts$/, ".js")], {
    cwd: home,
    env: { ...process.env, HOME: home, OCIMAN_DATA_DIR: join(home, "data") }
  })
  if (!ok) return [`${page}.md:${line}: the program fails:\n${output.trimEnd()}`]
  return matches(expected, stdout)
    ? []
    : [`${page}.md:${line}: the program prints\n${stdout.trimEnd()}\nbut the page shows\n${expected.trimEnd()}`]
}

const inLanes = async (items, f) => {
  const queue = [...items]
  const results = []
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await f(item))
  }
  await Promise.all([lane(), lane()])
  return results.flat()
}

const checkAll = async (directory, blocks) => {
  const tests = prepare(directory, blocks)
  const compiled = await run([tool("typescript/bin/tsc"), "-p", directory], { cwd: directory })
  if (!compiled.ok) return [compiled.output.trimEnd()]
  const programs = blocks.filter(({ kind }) => kind === "program")
  const problems = await inLanes(programs, (block) => checkProgram(directory, block))
  if (tests.length === 0) return problems
  const tested = await run([tool("vitest/vitest.mjs"), "run", "--root", directory, "--no-color"], { cwd: directory })
  return tested.ok ? problems : [...problems, tested.output.trimEnd()]
}

const main = async (pages) => {
  const blocks = readdirSync(pages).filter((name) => name.endsWith(".md")).sort().flatMap((name) =>
    blocksOf(name.replace(/\.md$/, ""), readFileSync(join(pages, name), "utf8"))
  )
  const unknown = blocks.flatMap(({ line, page, unknown }) =>
    unknown.map((word) => `${page}.md:${line}: "${word}" is neither "compile" nor the name of a file`)
  )
  const directory = mkdtempSync(join(tmpdir(), "ociman-guide-"))
  try {
    const problems = unknown.length > 0 ? unknown : await checkAll(directory, blocks)
    if (blocks.length === 0) problems.push(`${pages} has no program`)
    if (problems.length > 0) {
      console.error(problems.join("\n\n"))
      process.exitCode = 1
    } else {
      const count = (kind) => blocks.filter((block) => block.kind === kind).length
      console.log(`${blocks.length} blocks compile; ${count("program")} programs and ${count("test")} test files pass`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  await main(resolve(process.argv[2] ?? join(root, "docs/guide")))
}
