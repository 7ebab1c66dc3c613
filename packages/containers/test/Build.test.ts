import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Build, BuildEvent, ExtraHost, Image, MemoryBackend } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Platform, Reference } from "@ociman/oci"
import { Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { buildArguments } from "../src/internal/cli/flags/build.js"

const instructions = "FROM alpine:latest\nRUN echo hi\n"
const base = Build.fromInstructions(instructions)
const image = "localhost/example/app:1"

const tagOf = (build: Build.Build<undefined>) =>
  Effect.map(Build.reference(Build.contentAddressed(build, "localhost/example/app")), String)

const live = Layer.merge(NodeHasher.layer, NodeContext.layer)

/** Creates a directory of files; a text that begins with `-> ` becomes a link. */
const directoryOf = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-hash-" })
    for (const [path, content] of Object.entries(files)) {
      const location = `${root}/${path}`
      yield* fs.makeDirectory(location.slice(0, location.lastIndexOf("/")), { recursive: true })
      yield* content.startsWith("-> ")
        ? fs.symlink(content.slice(3), location)
        : fs.writeFileString(location, content)
    }
    return root
  })

const tree = (
  files: Readonly<Record<string, string>>,
  change: (build: Build.Build<undefined>) => Build.Build<undefined> = (_) => _
) => Effect.flatMap(directoryOf(files), (root) => tagOf(change(Build.fromDirectory(root))))

describe("the content-hash tag of instructions", () => {
  it.effect("equals that of ociman", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* tagOf(base),
        "localhost/example/app:1cbea05f52e5c9363be837416de133a594cedce4ba790117295f93432f395c5d"
      )
      assert.strictEqual(
        yield* tagOf(Build.argument(base, "VERSION", "1.0")),
        "localhost/example/app:06048e72aec47a645ab587a97d32f56de334a479fa0664067b3d7d32ca02e0d3"
      )
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("changes with every input that affects the image", () =>
    Effect.gen(function*() {
      const builds = [
        base,
        Build.fromInstructions(`${instructions}#`),
        Build.argument(base, "A", "1"),
        Build.argument(base, "A", "2"),
        Build.argument(base, "A", Redacted.make("3")),
        Build.argument(base, "B", "1"),
        Build.label(base, "A", "1"),
        Build.label(base, "A", "2"),
        Build.target(base, "a"),
        Build.target(base, "b"),
        Build.platform(base, Platform.make("linux/arm64")),
        Build.platform(base, Platform.make("linux/amd64"))
      ]
      const tags = yield* Effect.forEach(builds, tagOf)
      assert.strictEqual(new Set(tags).size, builds.length)
      assert.deepStrictEqual(yield* Effect.forEach(builds, tagOf), tags)
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("does not depend on options that only affect the run of a build", () =>
    Effect.gen(function*() {
      const tag = yield* tagOf(base)
      const builds = [
        Build.noCache(base),
        Build.pullBase(base),
        Build.cacheFrom(base, "example/cache:1"),
        Build.network(base, "none"),
        Build.extraHost(base, ExtraHost.make("db", "10.0.0.1")),
        Build.secret(base, "token", Redacted.make("hunter2")),
        Build.secretFile(base, "token", "/run/token"),
        Build.dockerfile(base, "other")
      ]
      for (const build of builds) assert.strictEqual(yield* tagOf(build), tag)
      const plain = Build.argument(base, "A", "secret")
      assert.strictEqual(yield* tagOf(Build.argument(base, "A", Redacted.make("secret"))), yield* tagOf(plain))
    }).pipe(Effect.provide(NodeHasher.layer)))
})

describe("the content-hash tag of a directory", () => {
  it.scopedLive("equals that of ociman for a tree of plain files", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* tree({ "a/z.txt": "1", "a.txt": "2", b: "3" }),
        "localhost/example/app:1867057a1be9b4dacd9bca0864eef41e0ed8cfec1494d7dcca1faa0cd7e73cbc"
      )
    }).pipe(Effect.provide(live)))

  it.scopedLive("excludes ignored files, except the Dockerfile", () =>
    Effect.gen(function*() {
      const files = { Dockerfile: "FROM a", "src/a": "1", "logs/b.log": "2", ".dockerignore": "**/*.log\nDockerfile\n" }
      const tag = yield* tree(files)
      assert.strictEqual(yield* tree({ ...files, "logs/b.log": "changed", "c.log": "new" }), tag)
      for (const changed of [{ Dockerfile: "FROM b" }, { "src/a": "changed" }, { ".dockerignore": "**/*.log\n" }]) {
        assert.notStrictEqual(yield* tree({ ...files, ...changed }), tag)
      }
    }).pipe(Effect.provide(live)))

  it.scopedLive("includes a file if at least one builder does not ignore it", () =>
    Effect.gen(function*() {
      const files = { Dockerfile: "FROM a", a: "1", b: "1", ".dockerignore": "a\nb\n" }
      for (const other of [".containerignore", "Dockerfile.dockerignore"]) {
        const both = { ...files, [other]: "b\n" }
        const tag = yield* tree(both)
        assert.strictEqual(yield* tree({ ...both, b: "2" }), tag)
        assert.notStrictEqual(yield* tree({ ...both, a: "2" }), tag)
      }
      const { ".dockerignore": _, ...bare } = files
      const alone = { ...bare, ".containerignore": "b\n" }
      assert.notStrictEqual(yield* tree({ ...alone, b: "2" }), yield* tree(alone))
    }).pipe(Effect.provide(live)))

  it.scopedLive("fails for an invalid ignore pattern and reports its position", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(tree({ Dockerfile: "FROM a", ".dockerignore": "ok\nba[\n" }))
      assert.strictEqual(error._tag, "InvalidPattern")
      assert.match(error.message, /"ba\[" in ".*\/\.dockerignore"/)
    }).pipe(Effect.provide(live)))

  it.scopedLive("changes with the selected Dockerfile, inside or outside of the directory", () =>
    Effect.gen(function*() {
      const files = { Dockerfile: "FROM a", "docker/x": "FROM b", "docker/y": "FROM b", ".dockerignore": "docker\n" }
      const inside = (path: string) => (build: Build.Build<undefined>) => Build.dockerfile(build, path)
      const x = yield* tree(files, inside("docker/x"))
      assert.notStrictEqual(x, yield* tree(files))
      assert.notStrictEqual(x, yield* tree(files, inside("docker/y")))
      assert.strictEqual(x, yield* tree(files, inside("./docker/../docker/x")))
      assert.notStrictEqual(x, yield* tree({ ...files, "docker/x": "FROM c" }, inside("docker/x")))
      const elsewhere = yield* directoryOf({ one: "FROM d", two: "FROM d", three: "FROM e" })
      const one = yield* tree(files, inside(`${elsewhere}/one`))
      assert.strictEqual(one, yield* tree(files, inside(`${elsewhere}/two`)))
      assert.notStrictEqual(one, yield* tree(files, inside(`${elsewhere}/three`)))
      assert.notStrictEqual(one, yield* tree(files))
    }).pipe(Effect.provide(live)))

  it.scopedLive("includes executable bits and link targets, but no times", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* directoryOf({ Dockerfile: "FROM a", run: "1", link: "-> run" })
      const build = Build.fromDirectory(root)
      const tag = yield* tagOf(build)
      yield* fs.utimes(`${root}/run`, 1, 1)
      yield* fs.chmod(`${root}/run`, 0o600)
      assert.strictEqual(yield* tagOf(build), tag)
      yield* fs.chmod(`${root}/run`, 0o744)
      assert.notStrictEqual(yield* tagOf(build), tag)
      assert.notStrictEqual(yield* tree({ Dockerfile: "FROM a", run: "1", link: "-> Dockerfile" }), tag)
    }).pipe(Effect.provide(live)))
})

describe("build arguments", () => {
  it("reject names that are empty or contain an equals sign", () => {
    assert.throws(() => Build.argument(base, "", "1"), /empty/)
    assert.throws(() => Build.argument(base, "A=B", "1"), /"=" at position 1/)
  })

  it("are passed to the client without any secret value in its arguments", () => {
    const request = {
      image: Reference.make(image),
      source: { _tag: "Directory", path: "-x" },
      arguments: { A: "1", HTTP_PROXY: "http://proxy", TOKEN: Redacted.make("hunter2") },
      labels: Build.label(base, { role: "web" }).labels,
      dockerfile: "docker/x",
      target: "middle",
      platform: Platform.make("linux/arm64"),
      cacheFrom: [Reference.make("example/cache:2")],
      noCache: true,
      pullBase: true,
      network: "none",
      extraHosts: [ExtraHost.make("db", "10.0.0.1")]
    } as const
    const files = { id: "/private/id", secrets: { token: "/private/a,b" } }
    const common = (pull: string) =>
      [
        ["--force-rm", "--iidfile", "/private/id", "--tag", image, "--file", "./-x/docker/x", "--target", "middle"],
        ["--platform", "linux/arm64", "--network", "none", "--no-cache", pull, "--add-host", "db:10.0.0.1"]
      ].flat()
    const rest = [
      ["--secret", "id=token,\"src=/private/a,b\"", "--build-arg", "A", "--build-arg", "HTTP_PROXY=http://proxy"],
      ["--build-arg", "TOKEN", "--label", "role=web", "./-x"]
    ].flat()
    assert.deepStrictEqual(
      buildArguments({ client: "docker" }, request, files),
      [...common("--pull"), "--cache-from", "example/cache:2", ...rest]
    )
    assert.deepStrictEqual(
      buildArguments({ client: "podman" }, request, files),
      [...common("--pull=always"), "--cache-from", "example/cache", ...rest]
    )
  })
})

describe("builds in memory", () => {
  const named = Build.tagged(base, image)

  it.effect("follow their scripts", () =>
    Effect.gen(function*() {
      const events = Array.from(yield* Stream.runCollect(Build.stream(named)), BuildEvent.format)
      assert.deepStrictEqual(events.slice(0, -1), [
        "[1/2] FROM alpine:latest",
        "[1/2] FROM alpine:latest (cached)",
        "[2/2] RUN echo hi",
        "one",
        "two",
        "[2/2] RUN echo hi (done)"
      ])
      assert.deepInclude((yield* Image.inspect(Reference.make(image))).labels, { from: "script" })
    }).pipe(Effect.provide([
      MemoryBackend.layer({ build: () => ({ cached: [1], output: { 2: "one\ntwo\n" }, labels: { from: "script" } }) }),
      NodeHasher.layer
    ])))

  it.effect("fail for all waiting callers, and are taken over if the builder is interrupted", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      let builds = 0
      const memory = MemoryBackend.layer({
        build: () =>
          Effect.suspend(() => {
            builds++
            return builds === 1
              ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
              : Effect.as(Effect.yieldNow(), { failure: { step: 2, exitCode: 3 } })
          })
      })
      yield* Effect.gen(function*() {
        const first = yield* Effect.fork(Build.ensure(named))
        yield* Deferred.await(begun)
        const others = yield* Effect.fork(
          Effect.replicateEffect(Effect.flip(Build.ensure(named)), 2, { concurrency: "unbounded" })
        )
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        const errors = yield* Fiber.join(others)
        for (const error of errors) {
          assert.strictEqual(error._tag === "BuildFailed" ? error.exitCode : error._tag, 3)
          assert.include(error.message, "[2/2] RUN echo hi (exit code 3)")
        }
        assert.strictEqual(builds, 2)
      }).pipe(Effect.provide(memory))
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("fail for Dockerfiles that engines reject", () =>
    Effect.gen(function*() {
      const failing = ["", "RUN true", "FROM scratch\nNONSENSE x", "FROM nowhere.example/x"]
      for (const text of failing) {
        const error = yield* Effect.flip(Build.build(Build.tagged(Build.fromInstructions(text), image)))
        assert.strictEqual(error._tag, "BuildFailed", text)
      }
    }).pipe(Effect.provide([MemoryBackend.layer({ registry: [] }), NodeHasher.layer])))
})
