import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"

const site = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = join(site, ".pages")

const namesIn = (directory) =>
  readdirSync(join(pages, directory)).map((name) => name.replace(/\.md$/, "")).filter((name) => name !== "index")

const titleOf = (page) => /^# (.*)$/m.exec(readFileSync(join(pages, `${page}.md`), "utf8"))?.[1] ?? page

const item = (page) => ({ text: titleOf(page), link: `/${page}` })

const guideOrder = [
  "quick-start",
  "concepts",
  "testing",
  "images-and-builds",
  "artifacts-and-registries",
  "errors",
  "engines-and-ci",
  "writing-a-backend"
]

const packageOrder = ["containers", "oci", "registry", "process", "node", "testing"]

/** The pages of a directory, those of the order first. */
const ordered = (directory, order) => {
  const names = namesIn(directory)
  return [...order.filter((name) => names.includes(name)), ...names.filter((name) => !order.includes(name))]
}

const items = (directory, order = []) => ordered(directory, order).map((name) => item(`${directory}/${name}`))

const handbook = [
  { text: "Guide", items: items("guide", guideOrder) },
  { text: "Packages", items: items("packages", packageOrder) },
  { text: "Conformance", items: items("conformance") },
  { text: "Project", items: [item("contributing")] }
]

const api = ordered("api", packageOrder).map((name) => ({
  text: `@ociman/${name}`,
  link: `/api/${name}/`,
  collapsed: true,
  items: namesIn(`api/${name}`).map((module) => ({ text: module, link: `/api/${name}/${module}` }))
}))

const { homepage } = JSON.parse(readFileSync(join(site, "../../packages/containers/package.json"), "utf8"))

export default defineConfig({
  srcDir: ".pages",
  base: process.env.DOCS_BASE ?? "/",
  lang: "en",
  title: "ociman",
  description: "OCI containers, images and registries as Effect services, in TypeScript",
  cleanUrls: true,
  markdown: {
    // The pages are plain Markdown: elements and expressions of Vue in them are text.
    html: false,
    config: (md) => {
      for (const rule of ["text", "code_inline"]) {
        const render = md.renderer.rules[rule]
        md.renderer.rules[rule] = (...args) => render(...args).replaceAll("{{", "&#123;&#123;")
      }
    }
  },
  vite: { build: { chunkSizeWarningLimit: 5000 } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Guide", link: "/guide/quick-start", activeMatch: "^/guide/" },
      { text: "API", link: "/api/containers/", activeMatch: "^/api/" },
      { text: "Conformance", link: "/conformance/engines", activeMatch: "^/conformance/" }
    ],
    sidebar: { "/api/": api, "/": handbook },
    socialLinks: [{ icon: "github", link: homepage }]
  }
})
