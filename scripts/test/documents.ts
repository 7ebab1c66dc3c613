import * as fs from "node:fs"
import * as path from "node:path"
import * as ts from "typescript"

/** Matches the functions that define tests, with their modifiers: `it.effect`, `it.scoped.each(…)`. */
const definesTest = /^(?:it|test|live)\b/

const titleOf = (node: ts.CallExpression): string | undefined => {
  const [title] = node.arguments
  if (title === undefined || !definesTest.test(node.expression.getText())) return undefined
  if (ts.isStringLiteralLike(title)) return title.text
  return ts.isTemplateExpression(title) ? title.getText().slice(1, -1) : undefined
}

/** Returns the titles of the tests that a file defines; for a template literal, its source text. */
export const testTitles = (file: string): ReadonlySet<string> => {
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) ? titleOf(node) : undefined
    if (title !== undefined) titles.add(title)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true))
  return titles
}

/** Returns the rows of all tables of a document, without their heads. */
export const rows = (markdown: string): ReadonlyArray<ReadonlyArray<string>> =>
  markdown.split("\n")
    .filter((line, index, lines) => line.startsWith("| ") && !(lines[index + 1] ?? "").startsWith("| -"))
    .filter((line) => !/^\| -/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()))

export interface Citation {
  readonly title: string
  readonly label: string
}

/** Returns the citations of a cell: `[title][label]`, with the file of the label at the end of the document. */
export const citations = (cell: string): ReadonlyArray<Citation> =>
  Array.from(cell.matchAll(/\[([^\]]+)\]\[([^\]]+)\]/g), ([, title = "", label = ""]) => ({ title, label }))

const definitions = (markdown: string) =>
  new Map(Array.from(markdown.matchAll(/^\[([^\]]+)\]: (\S+)$/gm), ([, label = "", file = ""]) => [label, file]))

/** Returns the errors in the citations of a document in the given directory. */
export const wrongCitations = (markdown: string, directory: string): ReadonlyArray<string> => {
  const files = definitions(markdown)
  return citations(markdown).flatMap(({ label, title }) => {
    const file = files.get(label)
    if (file === undefined) return [`[${label}] is no label of a file`]
    const absolute = path.resolve(directory, file)
    if (!fs.existsSync(absolute)) return [`${file} does not exist`]
    return testTitles(absolute).has(title) ? [] : [`${file} has no test "${title}"`]
  })
}
