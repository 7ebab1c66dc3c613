// Finds links of a built site that lead to no page, no file or no heading.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"

const decode = (text) => decodeURIComponent(text.replaceAll("&amp;", "&"))

const read = (directory, page) => readFileSync(join(directory, page), "utf8")

const idsIn = (html) => new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id]) => decode(id)))

export const brokenLinks = (directory, base = "/") => {
  const pages = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith(".html"))
  const ids = new Map(pages.map((page) => [page, idsIn(read(directory, page))]))
  const fileOf = (path) =>
    [path, `${path}.html`, posix.join(path, "index.html")].find((name) =>
      existsSync(join(directory, name)) && /\.\w+$/.test(name)
    )
  return pages.filter((page) => page !== "404.html").flatMap((page) => {
    const address = posix.join(base, page)
    const links = Array.from(read(directory, page).matchAll(/\shref="([^"]+)"/g), ([, href]) => decode(href))
    return [...new Set(links)].filter((href) => !/^[a-z]+:/.test(href)).flatMap((href) => {
      const [path, anchor] = href.split("#")
      const target = path === "" ? address : posix.resolve(posix.dirname(address), path)
      const file = fileOf(posix.relative(base, target))
      if (file === undefined) return [`${page}: ${href} does not exist`]
      return anchor === undefined || anchor === "" || !file.endsWith(".html") || ids.get(file)?.has(anchor)
        ? []
        : [`${page}: ${href} names a missing heading`]
    })
  })
}
