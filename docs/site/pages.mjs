// Turns Markdown of the repository and of docgen into pages of the site.

/** Changes a text line by line, but not in blocks of code. */
const outsideCode = (markdown, change) => {
  let fence = false
  return markdown.split("\n").map((line) => {
    if (/^\s*```/.test(line)) fence = !fence
    return fence || /^\s*```/.test(line) ? line : change(line)
  }).join("\n")
}

const isRelative = (target) => !/^(?:[a-z]+:|#|\/)/.test(target)

/** The text with its relative links changed, and without comments. */
export const withLinks = (markdown, change) =>
  outsideCode(markdown.replaceAll(/<!--[^]*?-->\n*/g, ""), (line) =>
    line
      .replaceAll(/\]\(([^)\s]+)\)/g, (link, target) => isRelative(target) ? `](${change(target)})` : link)
      .replace(
        /^(\[[^\]]+\]: )(\S+)$/,
        (link, label, target) => isRelative(target) ? `${label}${change(target)}` : link
      ))

const body = (text) => {
  const start = /^## .* overview$/m.exec(text)
  if (start === null) throw new Error(`not a page of docgen: ${text.slice(0, 200)}`)
  return text.slice(start.index + start[0].length)
}

const overview = (text) => body(text).split(/^(?:Added in v|---$)/m)[0].trim()

// docgen keeps the braces of TSDoc.
const withoutTags = (line) => line.replaceAll(/\{@link ([^}|]+?)(?:\s*\|[^}]*)?\}/g, "`$1`")

/** A page of docgen: one title, and categories and exports below it. */
export const apiPage = (packageName, { name, text }) => {
  const withoutContents = body(text).replace(/^---\n\n<h2 class="text-delta">[^]*?^---$/m, "")
  const content = outsideCode(withoutContents, (line) =>
    withoutTags(line)
      .replace(/^#{1,5} /, (marks) => `#${marks}`)
      .replace(/^\*\*Signature\*\*$/, "")
      .replace(/^Added in v(\S+)$/, "*Since $1*"))
  return `# ${name}\n\n\`\`\`ts\nimport { ${name} } from "@ociman/${packageName}"\n\`\`\`\n${content}`
}

const firstSentence = (text) => /^[^]*?\.(?=\s|$)/.exec(text)?.[0] ?? text

/** The modules of a package, each with its first sentence. */
export const apiIndex = (packageName, modules) =>
  [
    `# @ociman/${packageName}`,
    "",
    `[README](../../packages/${packageName}.md)`,
    "",
    "| module | contents |",
    "| --- | --- |",
    ...modules.map(({ name, text }) =>
      `| [${name}](./${name}.md) | ${
        withoutTags(firstSentence(overview(text)).replaceAll(/\s+/g, " ")).replaceAll("|", "\\|")
      } |`
    ),
    ""
  ].join("\n")
