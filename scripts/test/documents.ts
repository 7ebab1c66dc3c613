import * as fs from "node:fs"
import * as path from "node:path"
import * as ts from "typescript"

/** The functions by which tests are defined, with whatever is chosen of them: `it.effect`, `it.scoped.each(…)`. */
const definesTest = /^(?:it|test|live)\b/

const titleOf = (node: ts.CallExpression): string | undefined => {
  const [title] = node.arguments
  if (title === undefined || !definesTest.test(node.expression.getText())) return undefined
  if (ts.isStringLiteralLike(title)) return title.text
  return ts.isTemplateExpression(title) ? title.getText().slice(1, -1) : undefined
}

/** The titles of the tests that a file defines; of one that is made from parts, its source. */
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

/** The rows of the tables of a document, without their heads. */
export const rows = (markdown: string): ReadonlyArray<ReadonlyArray<string>> =>
  markdown.split("\n")
    .filter((line, index, lines) => line.startsWith("| ") && !(lines[index + 1] ?? "").startsWith("| -"))
    .filter((line) => !/^\| -/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()))

export interface Citation {
  readonly title: string
  readonly label: string
}

/** The tests that a cell names: `[title][label]`, with the file of the label at the end of the document. */
export const citations = (cell: string): ReadonlyArray<Citation> =>
  Array.from(cell.matchAll(/\[([^\]]+)\]\[([^\]]+)\]/g), ([, title = "", label = ""]) => ({ title, label }))

const definitions = (markdown: string) =>
  new Map(Array.from(markdown.matchAll(/^\[([^\]]+)\]: (\S+)$/gm), ([, label = "", file = ""]) => [label, file]))

/** What is wrong with the citations of a document that stands in a directory. */
export const wrongCitations = (markdown: string, directory: string): ReadonlyArray<string> => {
  const files = definitions(markdown)
  return citations(markdown).flatMap(({ label, title }) => {
    const file = files.get(label)
    if (file === undefined) return [`[${label}] is no file`]
    const absolute = path.resolve(directory, file)
    if (!fs.existsSync(absolute)) return [`${file} is not there`]
    return testTitles(absolute).has(title) ? [] : [`${file} has no test "${title}"`]
  })
}
