// Checks the imports of every module of packages/*/src: package edges, platform neutrality, extensions and cycles,
// and that each package.json declares the imported packages. `node scripts/boundaries.mjs [ROOT]`
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const scope = "@ociman/"

const edges = {
  oci: [],
  process: [],
  registry: ["oci", "process"],
  containers: ["oci", "process"],
  node: ["oci", "process", "registry", "containers"],
  testing: ["oci", "process", "registry", "containers"],
  cli: ["oci", "process", "registry", "containers", "node", "testing"]
}

const mayUseNode = ["node", "cli"]

const reservedFor = {
  "@effect/platform-node": ["node", "cli"],
  "@effect/platform-node-shared": ["node", "cli"],
  "@effect/cli": ["cli"],
  "@effect/vitest": ["testing"],
  vitest: ["testing"]
}

/**
 * Layers of packages/containers/src, by the directory in `internal` or by the public module. A module imports from its
 * own layer and from those listed, for types too.
 */
const layers = {
  containers: {
    values: {
      modules: [
        "BuildEvent",
        "ByteSize",
        "ContainerId",
        "ContainerInfo",
        "ContainerName",
        "Device",
        "Engine",
        "Environment",
        "ExtraHost",
        "HealthCheck",
        "HostName",
        "ImageId",
        "ImageInfo",
        "IpAddress",
        "Label",
        "Mount",
        "NetworkInfo",
        "Output",
        "Port",
        "RestartPolicy",
        "Subnet",
        "Transfer",
        "Ulimit",
        "User",
        "VolumeInfo"
      ],
      below: []
    },
    model: { modules: ["BackendError", "Definition", "Exec", "HostFiles", "Session"], below: ["values"] },
    contract: { modules: ["BackendDriver"], below: ["values", "model"] },
    dialect: { modules: [], below: ["values", "model", "contract"] },
    host: { modules: [], below: ["values", "model", "contract"] },
    discovery: {
      modules: ["EngineEndpoint", "OcimanConfig"],
      below: ["values", "model", "contract", "dialect", "host"]
    },
    cli: { modules: [], below: ["values", "model", "contract", "dialect", "host", "discovery"] },
    api: { modules: [], below: ["values", "model", "contract", "dialect", "host", "discovery"] },
    memory: { modules: [], below: ["values", "model", "contract", "dialect", "host", "discovery"] },
    derived: { modules: [], below: ["values", "model", "contract", "host"] },
    programs: {
      modules: [
        "Backend",
        "Build",
        "Container",
        "Event",
        "HostResolver",
        "Image",
        "Network",
        "PlatformSupport",
        "Recorder",
        "Volume"
      ],
      below: ["values", "model", "contract", "host", "derived"]
    },
    drivers: {
      modules: ["CliBackend", "EngineBackend", "MemoryBackend"],
      below: ["values", "model", "contract", "dialect", "host", "discovery", "cli", "api", "memory", "programs"]
    }
  }
}

const layerOf = (owner, file) => {
  const path = relative(owner.src, file).split(sep)
  if (path[0] === "internal") return path.length > 2 ? path[1] : undefined
  const name = path[0].replace(/\.ts$/, "")
  return Object.entries(layers[owner.name]).find(([, { modules }]) => modules.includes(name))?.[0]
}

const checkRank = (report, owner, file, { line, target }) => {
  if (layers[owner.name] === undefined || relative(owner.src, file) === "index.ts") return
  const [from, to] = [layerOf(owner, file), layerOf(owner, target)]
  for (const [module, layer] of [[file, from], [target, to]]) {
    if (layers[owner.name][layer] === undefined) {
      report(file, line, "layer", `${relative(owner.src, module)} is in no layer of packages/${owner.name}`)
      return
    }
  }
  if (from !== to && !layers[owner.name][from].below.includes(to)) {
    report(file, line, "layer", `${from} may not import from ${to}: ${relative(owner.src, target)}`)
  }
}

const packageNameOf = (specifier) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

// A program must have a single copy of these, so they are peer dependencies.
const isShared = (name) => name === "effect" || name === "vitest" || name.startsWith("@effect/")

const isBuiltin = (specifier) => specifier.startsWith("node:") || builtinModules.includes(specifier)

const sourcesOf = (directory) =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true })
      .filter((name) => /\.[cm]?tsx?$/.test(name))
      .map((name) => join(directory, name))
      .sort()
    : []

const packagesOf = (root) =>
  readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, "packages", entry.name, "package.json")))
    .map(({ name }) => {
      const directory = join(root, "packages", name)
      const manifest = join(directory, "package.json")
      return {
        name,
        root,
        directory,
        manifest,
        src: join(directory, "src"),
        sources: sourcesOf(join(directory, "src"))
      }
    })

// `import { type A }` counts as a value: verbatimModuleSyntax keeps the import statement at run time.
const specifierOf = (node) => {
  if (ts.isImportDeclaration(node)) {
    return { specifier: node.moduleSpecifier, typeOnly: node.importClause?.isTypeOnly === true }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node)) {
    return { specifier: node.argument.literal, typeOnly: true }
  }
  if (ts.isExternalModuleReference(node)) {
    return { specifier: node.expression, typeOnly: node.parent.isTypeOnly }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { specifier: node.arguments[0], typeOnly: false }
  }
}

const importsOf = (report, file) => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1
  const found = source.typeReferenceDirectives.map((directive) => ({
    specifier: `@types/${directive.fileName}`,
    line: lineOf(directive.pos),
    typeOnly: true
  }))
  const visit = (node) => {
    const hit = specifierOf(node)
    if (hit !== undefined) {
      const line = lineOf(node.getStart())
      if (hit.specifier !== undefined && ts.isStringLiteralLike(hit.specifier)) {
        found.push({ specifier: hit.specifier.text, line, typeOnly: hit.typeOnly })
      } else {
        report(file, line, "literal", "what a dynamic import loads must be a string literal")
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const checkRelative = (report, owner, file, { line, specifier }) => {
  const target = resolve(dirname(file), specifier)
  if (!target.startsWith(owner.src + sep)) {
    report(file, line, "outside", `"${specifier}" leaves packages/${owner.name}/src`)
    return
  }
  if (!specifier.endsWith(".js")) {
    report(file, line, "extension", `"${specifier}" must end with .js`)
    return
  }
  const module = target.replace(/\.js$/, ".ts")
  if (existsSync(module)) {
    return module
  }
  report(file, line, "missing", `"${specifier}" is no module of packages/${owner.name}/src`)
}

const checkOwn = (report, owner, file, { line, specifier }) => {
  const [name, ...path] = specifier.slice(scope.length).split("/")
  if (name === owner.name) {
    report(file, line, "self", `"${specifier}": a package imports its own modules by a relative path`)
    return
  }
  if (!(edges[owner.name] ?? []).includes(name)) {
    report(file, line, "edge", `packages/${owner.name} may not import ${scope}${name}`)
  }
  if (path[0] === "internal") {
    report(file, line, "internal", `"${specifier}" is internal to ${scope}${name}`)
  }
  const target = join(owner.root, "packages", name, "src", `${path.join("/") || "index"}.ts`)
  return existsSync(target) ? target : undefined
}

const checkForeign = (report, owner, file, { line, specifier }) => {
  const node = isBuiltin(specifier) || /^@types\/(node|bun|deno)$/.test(specifier)
  if (node && !mayUseNode.includes(owner.name)) {
    report(file, line, "platform", `"${specifier}": only packages/node may use Node's own modules and types`)
  }
  const reserved = reservedFor[packageNameOf(specifier)]
  if (reserved !== undefined && !reserved.includes(owner.name)) {
    report(file, line, "edge", `packages/${owner.name} may not import ${packageNameOf(specifier)}`)
  }
}

const readImports = (report, packages) => {
  const graph = new Map()
  const uses = new Map()
  for (const owner of packages) {
    const used = new Map()
    uses.set(owner, used)
    if (edges[owner.name] === undefined) {
      report(owner.manifest, 1, "edge", `packages/${owner.name} has no row in the table of edges`)
    }
    for (const file of owner.sources) {
      const targets = []
      for (const found of importsOf(report, file)) {
        const { line, specifier, typeOnly } = found
        const check = specifier.startsWith(".") ? checkRelative : specifier.startsWith(scope) ? checkOwn : checkForeign
        const target = check(report, owner, file, found)
        if (target !== undefined) {
          targets.push({ target, line, typeOnly })
          if (check === checkRelative) checkRank(report, owner, file, { line, target })
        }
        const name = packageNameOf(specifier)
        if (check !== checkRelative && !isBuiltin(specifier) && !used.has(name)) {
          used.set(name, { file, line })
        }
      }
      graph.set(file, targets)
    }
  }
  return { graph, uses }
}

/** Packages whose type imports may form cycles: internal modules of fakes import the types of their public module. */
const withTypeCycles = ["testing"]

const hasTypeCycles = (root, file) => withTypeCycles.includes(relative(join(root, "packages"), file).split(sep)[0])

const checkCycles = (report, root, graph) => {
  const done = new Set()
  const path = []
  const visit = (file) => {
    path.push(file)
    for (const { line, target, typeOnly } of graph.get(file) ?? []) {
      if (typeOnly && hasTypeCycles(root, file)) continue
      const start = path.indexOf(target)
      if (start >= 0) {
        const cycle = [...path.slice(start), target].map((module) => relative(root, module)).join(" -> ")
        report(file, line, "cycle", cycle)
      } else if (!done.has(target)) {
        visit(target)
      }
    }
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) {
    if (!done.has(file)) visit(file)
  }
}

// A peer of an imported package is needed too, even if no module imports it (vitest, for @effect/vitest).
const peersOf = (name, { directory, root }) => {
  const manifest = [directory, root].map((base) => join(base, "node_modules", name, "package.json")).find(existsSync)
  return manifest === undefined ? [] : Object.keys(JSON.parse(readFileSync(manifest, "utf8")).peerDependencies ?? {})
}

const checkManifest = (report, owner, used) => {
  const text = readFileSync(owner.manifest, "utf8")
  const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = JSON.parse(text)
  const lineOf = (name) => text.slice(0, Math.max(0, text.indexOf(`"${name}"`))).split("\n").length
  const needed = new Set([...used.keys()].flatMap((name) => [name, ...peersOf(name, owner)]))
  for (const [name, { file, line }] of used) {
    const sections = isShared(name) ? { peerDependencies, devDependencies } : { dependencies }
    if (name !== `${scope}${owner.name}` && Object.values(sections).some((declared) => declared[name] === undefined)) {
      const missing = `${name} must be in ${Object.keys(sections).join(" and ")} of packages/${owner.name}/package.json`
      report(file, line, "undeclared", missing)
    }
  }
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (isShared(name) && dependencies[name] !== undefined) {
      report(owner.manifest, lineOf(name), "peer", `${name} must be a peer dependency`)
    }
    if (name.startsWith(scope) && !(edges[owner.name] ?? []).includes(name.slice(scope.length))) {
      report(owner.manifest, lineOf(name), "edge", `packages/${owner.name} may not depend on ${name}`)
    }
    // A package without imports is a skeleton, whose dependencies are for later.
    if (used.size > 0 && !needed.has(name)) {
      report(owner.manifest, lineOf(name), "unused", `no module of packages/${owner.name}/src imports ${name}`)
    }
  }
}

export const boundaries = (root) => {
  const violations = []
  const report = (file, line, rule, message) => violations.push(`${relative(root, file)}:${line} [${rule}] ${message}`)
  const packages = packagesOf(root)
  const { graph, uses } = readImports(report, packages)
  checkCycles(report, root, graph)
  for (const [owner, used] of uses) checkManifest(report, owner, used)
  return { violations, packages: packages.length, modules: graph.size }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { modules, packages, violations } = boundaries(resolve(process.argv[2] ?? "."))
  if (violations.length > 0) {
    console.error(violations.join("\n"))
    process.exitCode = 1
  } else {
    console.log(`${packages} packages, ${modules} modules: edges, cycles and dependencies are in order`)
  }
}
