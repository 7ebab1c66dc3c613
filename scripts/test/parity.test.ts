import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as ts from "typescript"
import { rows } from "./documents.js"

const root = path.resolve(import.meta.dirname, "../..")

const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")

const packages = fs.readdirSync(path.join(root, "packages"))

const barrels = packages.map((name) => path.join(root, "packages", name, "src/index.ts"))

/** Modules for authors of stores and backends, which are in no barrel. */
const authored = packages.flatMap((name) => {
  const directory = path.join(root, "packages", name, "src/author")
  return fs.existsSync(directory) ? fs.readdirSync(directory).map((file) => path.join(directory, file)) : []
})

const program = ts.createProgram([...barrels, ...authored], {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  customConditions: ["@ociman/source"],
  types: ["node"],
  noEmit: true
})
const checker = program.getTypeChecker()

/** The members of a name: of a module its exports, of an interface or a class its properties. */
const members = (symbol: ts.Symbol): ReadonlyArray<ts.Symbol> => {
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  return [
    ...(target.flags & ts.SymbolFlags.Module ? checker.getExportsOfModule(target) : []),
    ...(target.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class | ts.SymbolFlags.TypeAlias)
      ? checker.getDeclaredTypeOfSymbol(target).getProperties()
      : [])
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

/** What a value of a service or a handle is called in the documents. */
const values: Record<string, ReadonlyArray<string>> = {
  backend: ["Backend", "Service"],
  container: ["Container", "Container"],
  engine: ["Engine", "Engine"],
  network: ["Network", "Network"],
  volume: ["Volume", "Volume"]
}

const isThere = (name: string) => {
  const [first = "", ...rest] = name.split(".")
  return find(modules, [...(values[first] ?? [first]), ...rest]) ||
    authored.some((file) => path.basename(file, ".ts") === first && find(exportsOf(file), rest))
}

const names = (cell: string) =>
  Array.from(cell.matchAll(/`([A-Za-z]\w*(?:\.\w+)+)`/g), ([, name = ""]) => name).filter((name) =>
    !/\.(?:ts|md|toml|sh|mjs)$/.test(name)
  )

const references = (file: string) =>
  rows(read(file)).flatMap((cells) => cells.slice(1).flatMap(names)).map((name) => ({ file, name }))

describe("docs/ociman.md", () => {
  it("has a line for most of what the crate has", () => {
    assert.isAbove(rows(read("docs/ociman.md")).length, 120)
  })

  it.each(references("docs/ociman.md"))("$name of $file exists", ({ name }) => {
    assert.isTrue(isThere(name), name)
  })
})

describe("docs/ocipkg.md", () => {
  it("has a line for most of what the crate has", () => {
    assert.isAbove(rows(read("docs/ocipkg.md")).length, 70)
  })

  it.each(references("docs/ocipkg.md"))("$name of $file exists", ({ name }) => {
    assert.isTrue(isThere(name), name)
  })
})

describe("the check itself", () => {
  it("knows a name that is not there", () => {
    assert.isTrue(isThere("Container.start"))
    assert.isTrue(isThere("container.exec"))
    assert.isTrue(isThere("BackendError.EngineFailed"))
    assert.isFalse(isThere("Container.begin"))
    assert.isFalse(isThere("container.begin"))
  })
})
