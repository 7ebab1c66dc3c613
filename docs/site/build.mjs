// Builds the documentation site from docs/guide, docs/conformance, the READMEs and the pages of docgen, and fails on
// a broken link. `npm run docs:site`; `npm run docs:preview` then serves it.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, posix, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { brokenLinks } from "./links.mjs"
import { apiIndex, apiPage, withLinks } from "./pages.mjs"

const site = dirname(fileURLToPath(import.meta.url))
const root = resolve(site, "../..")
const staged = join(site, ".pages")
const vitepress = join(site, "node_modules/vitepress/bin/vitepress.js")

const run = (command, args, cwd) => {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

const list = (directory) => readdirSync(join(root, directory)).sort()

const packages = list("packages").filter((name) => existsSync(join(root, "packages", name, "README.md")))

/** Pages of the site by the files of the repository that they come from. */
const sources = new Map([
  ["CONTRIBUTING.md", "contributing.md"],
  ["README.md", "index.md"],
  ...["guide", "conformance"].flatMap((directory) =>
    list(`docs/${directory}`).map((name) => [`docs/${directory}/${name}`, `${directory}/${name}`])
  ),
  ...packages.map((name) => [`packages/${name}/README.md`, `packages/${name}.md`])
])

const write = (page, text) => {
  mkdirSync(dirname(join(staged, page)), { recursive: true })
  writeFileSync(join(staged, page), text)
}

const { homepage } = JSON.parse(readFileSync(join(root, "packages/containers/package.json"), "utf8"))

let problems = []

/** The place on the site, or else in the repository, that a link of a file leads to. */
const linkFrom = (file, page) => (target) => {
  const [path, anchor] = target.split("#")
  const linked = posix.normalize(posix.join(posix.dirname(file), path))
  const suffix = anchor === undefined ? "" : `#${anchor}`
  const onSite = sources.get(linked)
  if (onSite !== undefined) return `${posix.relative(posix.dirname(page), onSite) || basename(page)}${suffix}`
  if (!existsSync(join(root, linked))) problems.push(`${file}: ${target} does not exist`)
  return `${homepage}/blob/main/${linked}${suffix}`
}

const stage = () => {
  rmSync(staged, { recursive: true, force: true })
  for (const [file, page] of sources) {
    if (page === "index.md") continue
    write(page, withLinks(readFileSync(join(root, file), "utf8"), linkFrom(file, page)))
  }
  for (const name of packages.filter((name) => existsSync(join(root, "docs/api", name)))) {
    const modules = list(`docs/api/${name}/modules`).filter((file) => /^[A-Z].*\.ts\.md$/.test(file)).map((file) => ({
      name: file.replace(/\.ts\.md$/, ""),
      text: readFileSync(join(root, "docs/api", name, "modules", file), "utf8")
    }))
    for (const module of modules) write(`api/${name}/${module.name}.md`, apiPage(name, module))
    write(`api/${name}/index.md`, apiIndex(name, modules))
  }
  cpSync(join(site, "index.md"), join(staged, "index.md"))
}

run(process.execPath, [join(root, "scripts/check-docs.mjs")], root)
if (!existsSync(vitepress)) run("npm", ["ci", "--prefix", site, "--ignore-scripts", "--no-audit", "--no-fund"], root)
stage()
if (problems.length === 0) {
  run(process.execPath, [vitepress, "build", site], root)
  problems = brokenLinks(join(site, ".vitepress/dist"), process.env.DOCS_BASE ?? "/")
}
if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exitCode = 1
} else {
  console.log(`${relative(root, join(site, ".vitepress/dist"))}: no broken link`)
}
