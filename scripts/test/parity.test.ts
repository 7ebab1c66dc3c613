import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as ts from "typescript"
import { rows } from "./documents.js"

const root = path.resolve(import.meta.dirname, "../..")

const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")

const packages = fs.readdirSync(path.join(root, "packages"))

const barrels = packages.map((name) => path.join(root, "packages", name, "src/index.ts"))

/** Modules for authors of stores and backends, which no barrel exports, by their names. */
const authorModules = new Map(packages.flatMap((name) => {
  const directory = path.join(root, "packages", name, "src/author")
  return fs.existsSync(directory)
    ? fs.readdirSync(directory).map((file) => [path.parse(file).name, path.join(directory, file)] as const)
    : []
}))

const program = ts.createProgram([...barrels, ...authorModules.values()], {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  customConditions: ["@ociman/source"],
  types: ["node"],
  noEmit: true
})
const checker = program.getTypeChecker()

/** Returns the members of a name: the exports of a module, or the properties of an interface or class. */
const members = (symbol: ts.Symbol): ReadonlyArray<ts.Symbol> => {
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  return [
    ...(target.flags & ts.SymbolFlags.Module ? checker.getExportsOfModule(target) : []),
    ...(target.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class | ts.SymbolFlags.TypeAlias)
      ? checker.getDeclaredTypeOfSymbol(target).getProperties()
      : []),
    ...(target.flags & ts.SymbolFlags.Property ? checker.getTypeOfSymbol(target).getProperties() : [])
  ]
}

const exportsOf = (file: string): ReadonlyArray<ts.Symbol> => {
  const source = program.getSourceFile(file)
  const symbol = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol)
}

const modules = barrels.flatMap(exportsOf)

const find = (from: ReadonlyArray<ts.Symbol>, names: ReadonlyArray<string>): boolean => {
  const [name, ...rest] = names
  const found = from.filter((symbol) => symbol.name === name)
  return rest.length === 0 ? found.length > 0 : found.some((symbol) => find(members(symbol), rest))
}

/** Names of service and handle values in the pages. */
const values: Record<string, ReadonlyArray<string>> = {
  backend: ["Backend", "Service"],
  container: ["Container", "Container"],
  engine: ["Engine", "Engine"],
  network: ["Network", "Network"],
  volume: ["Volume", "Volume"]
}

const isThere = (name: string) => {
  const [first = "", ...rest] = name.split(".")
  const author = authorModules.get(first)
  if (author !== undefined) return find(exportsOf(author), rest)
  return find(modules, [...(values[first] ?? [first]), ...rest])
}

const names = (cell: string) =>
  Array.from(cell.matchAll(/`([A-Za-z]\w*(?:\.\w+)+)`/g), ([, name = ""]) => name).filter((name) =>
    !/\.(?:ts|md|toml|sh|mjs)$/.test(name)
  )

const references = (file: string) =>
  rows(read(file)).flatMap((cells) => cells.slice(1).flatMap(names)).map((name) => ({ file, name }))

describe("docs/conformance/ociman.md", () => {
  it("has more than 120 rows", () => {
    assert.isAbove(rows(read("docs/conformance/ociman.md")).length, 120)
  })

  it.each(references("docs/conformance/ociman.md"))("$name of $file exists", ({ name }) => {
    assert.isTrue(isThere(name), name)
  })
})

describe("docs/conformance/ocipkg.md", () => {
  it("has more than 70 rows", () => {
    assert.isAbove(rows(read("docs/conformance/ocipkg.md")).length, 70)
  })

  it.each(references("docs/conformance/ocipkg.md"))("$name of $file exists", ({ name }) => {
    assert.isTrue(isThere(name), name)
  })
})

describe("The check of names", () => {
  it("detects a missing name", () => {
    assert.isTrue(isThere("Container.start"))
    assert.isTrue(isThere("container.exec"))
    assert.isTrue(isThere("BackendError.EngineFailed"))
    assert.isFalse(isThere("Container.begin"))
    assert.isFalse(isThere("container.begin"))
  })
})
