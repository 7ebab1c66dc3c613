// Packs every publishable package, unpacks the tarballs as npm would install them, and checks the result with publint,
// are-the-types-wrong, plain Node and a TypeScript consumer. Needs a build: `npm run build` first.
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { execFileSync, spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { pack, packages } from "./packing.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const consumer = mkdtempSync(join(tmpdir(), "ociman-packages-"))
process.on("exit", () => rmSync(consumer, { recursive: true, force: true }))

const compilers = {
  "5.9": join(root, "node_modules/typescript/bin/tsc"),
  7: join(root, "scripts/typescript-7/node_modules/typescript/bin/tsc")
}

const problems = []
const filesBelow = (directory) =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    : []

// tsc -b never deletes files, and the output of removed modules must not be published.
const prune = ({ directory }) => {
  const dist = join(directory, "dist")
  for (const file of filesBelow(dist)) {
    const source = file.replace(dist, join(directory, "src")).replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts")
    if (/\.(d\.ts|js)(\.map)?$/.test(file) && !existsSync(source)) rmSync(file)
  }
}

const superfluous = /(^|\/)(test|bench|examples?|\.docgen)\/|\.(test|bench)\.|tsbuildinfo|\.tgz$|docgen\.json$|tsconfig/

const checkFiles = ({ directory, manifest }, files) => {
  const complain = (message) => problems.push(`${manifest.name}: ${message}`)
  for (const file of files.filter((name) => superfluous.test(name))) {
    complain(`${file} does not belong into the package`)
  }
  for (const file of ["package.json", "LICENSE", "README.md"]) {
    if (!files.includes(file)) complain(`${file} is missing from the package`)
  }
  for (const source of filesBelow(join(directory, "src")).map((file) => file.slice(directory.length + 1))) {
    const built = source.replace(/^src/, "dist").replace(/\.ts$/, "")
    for (const file of [source, `${built}.js`, `${built}.d.ts`, `${built}.js.map`, `${built}.d.ts.map`]) {
      if (!files.includes(file)) complain(`${file} is missing from the package`)
    }
  }
}

const linkDependency = (directory, name) => {
  const link = join(consumer, "node_modules", name)
  const target = [directory, root].map((base) => join(base, "node_modules", name)).find(existsSync)
  if (name.startsWith("@ociman/") || target === undefined || existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(target, link)
}

const install = ({ directory, manifest }, tarball) => {
  const target = join(consumer, "node_modules", manifest.name)
  mkdirSync(target, { recursive: true })
  execFileSync("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"])
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    linkDependency(directory, name)
  }
  return target
}

const targetOf = (value) => typeof value === "string" || value === null ? value : value.default ?? value.import

// Returns every specifier that `exports` allows, with each `*` expanded over the files in the tarball.
const specifiersOf = (exports, files) => {
  const patterns = Object.entries(exports).map(([key, value]) => [key, targetOf(value)])
  const matches = (pattern, text) => {
    const [head, tail] = pattern.split("*")
    return text.startsWith(head) && text.endsWith(tail ?? "") && text.length >= head.length + (tail ?? "").length
      ? text.slice(head.length, text.length - (tail ?? "").length)
      : undefined
  }
  const closed = patterns.filter(([, target]) => target === null)
  const open = patterns.filter(([key, target]) => target !== null && key !== "./package.json")
  const found = open.flatMap(([key, target]) =>
    key.includes("*")
      ? files
        .map((file) => matches(target, `./${file}`))
        .filter((name) => name !== undefined)
        .map((name) => key.replace("*", name))
      : [key]
  )
  return [...new Set(found)].filter((key) => !closed.some(([pattern]) => matches(pattern, key) !== undefined)).sort()
}

const checkTarball = async ({ manifest }, target, tarball, entrypoints) => {
  const { messages } = await publint({ pkgDir: target, strict: true, level: "suggestion", pack: false })
  for (const message of messages) problems.push(`${manifest.name}: publint: ${formatMessage(message, manifest)}`)
  const { problems: found = [] } = await checkPackage(
    createPackageFromTarballData(new Uint8Array(readFileSync(tarball))),
    { entrypoints: entrypoints.map((key) => key.replace(/^\.\/?/, "") || ".") }
  )
  // The packages are ES modules only, so problems of older resolutions are ignored.
  for (const problem of found.filter(({ resolutionKind }) => !/^node(10|16-cjs)$/.test(resolutionKind ?? ""))) {
    problems.push(`${manifest.name}: are the types wrong: ${JSON.stringify(problem)}`)
  }
}

const runNode = (...args) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: consumer, encoding: "utf8" })
  if (status !== 0) problems.push(`plain Node: ${stdout}${stderr}`)
}

const checkImports = (specifiers) => {
  const importAll = (specifiers) => specifiers.map((specifier) => `await import("${specifier}")\n`).join("")
  // Only vitest itself can import vitest, which only the suites need.
  const needsVitest = (specifier) => /^@ociman\/testing\/\w+Suite$/.test(specifier)
  const suites = importAll(specifiers.filter(needsVitest))
  writeFileSync(join(consumer, "imports.mjs"), importAll(specifiers.filter((specifier) => !needsVitest(specifier))))
  writeFileSync(
    join(consumer, "imports.test.mjs"),
    `import { test } from "vitest"\ntest("imports", async () => {\n${suites}}, 60_000)\n`
  )
  const closed = packages.map(({ manifest }) => `
    await import("${manifest.name}/internal/x").then(
      () => { throw new Error("${manifest.name} allows imports of its internal modules") },
      (error) => { if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error })
  `)
  writeFileSync(join(consumer, "internal.mjs"), closed.join(""))
  runNode("imports.mjs")
  runNode("internal.mjs")
  if (suites !== "") runNode(join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", consumer)
}

const checkTypes = (specifiers) => {
  const imports = specifiers.map((specifier, index) => `import * as M${index} from "${specifier}"`)
  const used = `export const modules: ReadonlyArray<object> = [${specifiers.map((_, index) => `M${index}`).join(", ")}]`
  writeFileSync(join(consumer, "index.ts"), [...imports, used, ""].join("\n"))
  const kinds = { NodeNext: "NodeNext", Bundler: "ES2022" }
  for (const [moduleResolution, module] of Object.entries(kinds)) {
    writeFileSync(
      join(consumer, `tsconfig.${moduleResolution}.json`),
      JSON.stringify({
        files: ["index.ts"],
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          target: "ES2022",
          types: ["node"],
          module,
          moduleResolution
        }
      })
    )
    for (const [version, tsc] of Object.entries(compilers)) {
      const project = join(consumer, `tsconfig.${moduleResolution}.json`)
      const { status, stderr, stdout } = spawnSync(process.execPath, [tsc, "-p", project, "--pretty", "false"], {
        cwd: consumer,
        encoding: "utf8"
      })
      // Ignores errors in the declarations of other packages.
      const ours = stdout.split("\n").filter((line) => /^(index\.ts|node_modules\/@ociman\/)/.test(line))
      if (ours.length > 0) problems.push(`TypeScript ${version}, ${moduleResolution}:\n${ours.join("\n")}`)
      else if (status !== 0 && !/error TS/.test(stdout)) problems.push(`TypeScript ${version}: ${stdout}${stderr}`)
    }
  }
}

packages.forEach(prune)
const packed = pack(consumer)
mkdirSync(join(consumer, "node_modules"), { recursive: true })
writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
linkDependency(root, "@types/node")

const specifiers = []
for (const owner of packages) {
  const { filename, files } = packed.get(owner.manifest.name)
  const names = files.map(({ path }) => path)
  const tarball = join(consumer, filename)
  const entrypoints = specifiersOf(owner.manifest.exports, names)
  checkFiles(owner, names)
  await checkTarball(owner, install(owner, tarball), tarball, entrypoints)
  for (const key of entrypoints) specifiers.push(owner.manifest.name + key.slice(1))
}

checkImports(specifiers)
checkTypes(specifiers)

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exitCode = 1
} else {
  console.log(`${packages.length} packages, ${specifiers.length} modules: contents, types and imports are in order`)
}
