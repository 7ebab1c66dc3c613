// Runs the install line of every README in an empty directory and then the first program of the README, with plain Node
// or vitest. Our packages come from a registry on the loopback address, all others from the registry of npm or its
// cache. Needs a build: `npm run build` first. Skips a README if the same packages, README and engine passed on the same
// day (see `cache.mjs`): other packages may change any day.
import { NodeHttpServer } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { filesBelow, fingerprint, restore, store } from "./cache.mjs"
import { pack, packages } from "./packing.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const directory = mkdtempSync(join(tmpdir(), "ociman-install-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const problems = []

const run = (command, args, options) =>
  new Promise((done) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 300_000, ...options })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("error", (error) => done({ ok: false, output: String(error) }))
    child.on("close", (code) => done({ ok: code === 0 && !child.killed, output }))
  })

/** Serves our packages as an npm registry, as they would be published. */
const serve = async (packed) => {
  const server = createServer(({ url }, response) => {
    response.setHeader("cache-control", "no-store")
    const path = decodeURIComponent(url)
    const owner = packages.find(({ manifest: { name } }) => path === `/${name}` || path.startsWith(`/${name}/`))
    if (owner === undefined) return response.writeHead(404).end()
    const { manifest: { name, version } } = owner
    const { filename, integrity } = packed.get(name)
    if (path !== `/${name}`) return response.end(readFileSync(join(directory, filename)))
    const tarball = `http://${origin}/${name}/${integrity.slice(7, 23).replaceAll("/", "_")}.tgz`
    response.end(JSON.stringify({
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...owner.manifest, dist: { tarball, integrity } } }
    }))
  })
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening))
  server.unref()
  const origin = `127.0.0.1:${server.address().port}`
  return origin
}

const installLines = /^npm install .*$/gm
const quotation = /<!-- quoted from (\S+) -->\s+```ts\n([\s\S]*?)```/g

const read = (readme) => {
  const text = readFileSync(join(root, readme), "utf8")
  return {
    lines: text.match(installLines) ?? [],
    programs: new Map(Array.from(text.matchAll(quotation), ([, file, code]) => [file, code]))
  }
}

const settings = {
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_loglevel: "error",
  npm_config_prefer_offline: "true"
}

const answers = async (command, ...args) => (await run(command, args)).ok

const anEngineAnswers = async () =>
  await answers("docker", "version", "--format", "{{.Server.Version}}") ||
  await answers("podman", "info", "--format", "{{.Host.Arch}}")

const engineAnswers = await anEngineAnswers()

// Without an engine, the program runs on the engine in memory, which runs no processes.
// A program logs the engine that it uses if it is not the preferred one.
const onAnEngine = (code) =>
  engineAnswers ? { code, expected: /^(?:\[.*\] WARN .*\n)?yes\nCommandNotFound\n$/ } : {
    code: code.replace(
      "import { Build, Container, Definition, Image }",
      "import { Build, Container, Definition, Image, MemoryBackend }"
    ).replace(
      "Effect.provide(NodeOciman.layer)",
      "Effect.provide(MemoryBackend.layer()), Effect.provide(NodeOciman.layerImages)"
    ),
    expected: /^yes\n/
  }

// Its image is on Docker Hub, so that it always runs on the engine in memory.
const inMemory = (code) => ({
  code: code.replace(
    "import { Container, Definition, Exec, Port }",
    "import { Container, Definition, Exec, MemoryBackend, Port }"
  )
    .replace(
      "NodeOciman.layer)",
      "MemoryBackend.layer({ exec: () => ({ stderr: \"nginx version: nginx/1.27\" }) }))"
    ),
  expected: /^http:\/\/127\.0\.0\.1:\d+\/ is served by nginx version: nginx\/1\.27\n$/
})

const printing = (expected) => (code) => ({ code, expected })

/** The first programs of the READMEs with their expected output, and their tests. */
const programsOf = (host) => ({
  ".": { programs: { "examples/quick-start.ts": inMemory } },
  "packages/node": { programs: { "examples/hello.ts": onAnEngine } },
  "packages/oci": {
    programs: {
      "examples/tag.ts": printing(
        /^docker\.io\/library\/alpine:3\.20\n.*position 7.*\nlocalhost\/example\/app:[0-9a-f]{64}\nsha256:/s
      ),
      "examples/pack.ts": printing(/^sha256:[0-9a-f]{64}\n.*\ntrue\n/s)
    }
  },
  "packages/process": {
    programs: { "examples/run.ts": printing(/^a\nb\n\ny\ny\ny\nCommand failed with exit code 3/) }
  },
  "packages/registry": {
    programs: { "examples/ship.ts": printing(/^sha256:[0-9a-f]{64}\n\[ '1\.1\.0' \]\ntrue\n/) },
    args: [`${host}/example/files`]
  },
  "packages/containers": { tests: ["examples/site.ts", "test/site.test.ts"] },
  "packages/testing": { tests: ["test/Example.faults.test.ts"] }
})

const check = async (owner, { args = [], programs = {}, tests = [] }, npmrc) => {
  const readme = read(join(owner, "README.md"))
  const home = join(directory, owner === "." ? "root" : owner)
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, ".npmrc"), npmrc)
  const fail = (what, output) => problems.push(`${join(owner, "README.md")}: ${what}\n${output.trimEnd()}`)
  const program = (file) => {
    const code = readme.programs.get(file)
    if (code === undefined) fail(`does not quote ${file}`, "")
    return code ?? ""
  }
  if (readme.lines.length === 0) fail("has no line that begins with npm install", "")
  for (const line of readme.lines) {
    const { ok, output } = await run("sh", ["-c", line], { cwd: home, env: { ...process.env, ...settings } })
    if (!ok) return fail(line, output)
  }
  for (const [file, prepare] of Object.entries(programs)) {
    const { code, expected } = prepare(program(file))
    const name = basename(file).replace(/\.ts$/, ".mjs")
    writeFileSync(join(home, name), code)
    const { ok, output } = await run(process.execPath, [name, ...args], { cwd: home })
    if (!ok || !expected.test(output)) fail(`node ${name} should print ${expected}`, output)
  }
  for (const file of tests) {
    mkdirSync(dirname(join(home, file)), { recursive: true })
    writeFileSync(join(home, file), program(file))
  }
  if (tests.length > 0) {
    const { ok, output } = await run("npx", ["--no", "vitest", "run"], { cwd: home })
    if (!ok) fail("npx vitest run", output)
  }
}

const isPublished = (file) => !/\.tsbuildinfo$/.test(file)

/** Everything that decides about the result for a README, except for the packages of others. */
const keyOf = (owner) =>
  fingerprint(
    root,
    [
      fileURLToPath(import.meta.url),
      join(root, owner, "README.md"),
      ...packages.flatMap(({ directory }) => [
        join(directory, "package.json"),
        ...filesBelow(join(directory, "dist")).filter(isPublished)
      ])
    ],
    owner,
    engineAnswers,
    execFileSync("npm", ["--version"], { encoding: "utf8" }),
    new Date().toISOString().slice(0, "2000-01-01".length)
  )

const stale = Object.keys(programsOf("")).map((owner) => ({ owner, key: keyOf(owner) }))
  .filter(({ key }) => restore("install", key) === undefined)

const checkAll = async (host) => {
  const npmrc = `@ociman:registry=http://${await serve(pack(directory))}/\n`
  const programs = programsOf(host)
  for (const { key, owner } of stale) {
    const before = problems.length
    await check(owner, programs[owner], npmrc)
    if (problems.length === before) store("install", key, owner)
  }
}

const imageRegistry = FaultyRegistry.layerServer(FaultyRegistry.healthy).pipe(
  Layer.provide(Layer.merge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }), NodeHasher.layer))
)

if (stale.length > 0) {
  await FaultyRegistry.FaultyRegistry.pipe(
    Effect.flatMap(({ host }) => Effect.promise(() => checkAll(host))),
    Effect.provide(imageRegistry),
    Effect.runPromise
  )
}

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exitCode = 1
} else {
  console.log(`${packages.length + 1} READMEs: install lines and first programs work; ${stale.length} checked now`)
}
