import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Build, type Engine, EngineBackend } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Subprocess } from "@ociman/process"
import { Config, ConfigProvider, Effect, Layer, Logger } from "effect"
import { fileURLToPath } from "node:url"

const versions = {
  docker: {
    Client: { Version: "28.2.2", ApiVersion: "1.41" },
    Server: { Version: "20.10.24", ApiVersion: "1.41", Components: [{ Name: "Engine", Version: "20.10.24" }] }
  },
  podman: { Client: { APIVersion: "4.3.1", Version: "4.3.1" } }
}

const infos = {
  docker: { ServerVersion: "20.10.24", SecurityOptions: [] },
  podman: { host: { security: { rootless: false }, serviceIsRemote: false }, version: { Version: "4.3.1" } }
}

/** A client whose builds take 0.2 seconds and record overlaps with other builds. */
const script = (engine: Engine.Name, directory: string) =>
  `#!/bin/sh
cd '${directory}' || exit 70
case "$1 $2" in
"version "*) echo '${JSON.stringify(versions[engine])}';;
"info "*) echo '${JSON.stringify(infos[engine])}';;
"context "*) echo unix:///var/run/docker.sock;;
"image inspect") echo "Error: $3: image not known" >&2; exit 125;;
"build "*)
  echo built >>builds
  mkdir busy 2>/dev/null || echo overlapping >>overlaps
  while [ $# -gt 0 ]; do [ "$1" != --iidfile ] || id=$2; shift; done
  sleep 0.2
  rmdir busy 2>/dev/null
  echo sha256:${"a".repeat(64)} >"$id";;
*) echo "unknown: $*" >&2; exit 64;;
esac
`

const machine = (engine: Engine.Name) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-queue-" })
    const executable = `${directory}/${engine}`
    yield* fs.writeFileString(executable, script(engine, directory), { mode: 0o755 })
    const lines = (file: string) =>
      fs.readFileString(`${directory}/${file}`).pipe(
        Effect.map((text) => text.trim().split("\n").length),
        Effect.orElseSucceed(() => 0)
      )
    return { directory, executable, results: Effect.all({ builds: lines("builds"), overlaps: lines("overlaps") }) }
  })

/** A separate backend, as in another process. */
const backend = (engine: Engine.Name, executable: string, runtime: string) =>
  Layer.fresh(
    EngineBackend.layerConfig({ engine: Config.succeed(engine), executable: Config.succeed(executable) }).pipe(
      Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["XDG_RUNTIME_DIR", runtime]]))))
    )
  )

const build = (number: number) => Build.build(Build.tagged(Build.fromInstructions("FROM scratch\n"), `app:${number}`))

const several = Effect.forEach([1, 2, 3], build, { concurrency: "unbounded" }).pipe(Effect.provide(NodeHasher.layer))

const buildOnce = fileURLToPath(new URL("integration/buildOnce.ts", import.meta.url))

describe("concurrent builds of different images", () => {
  it.scopedLive("run concurrently on Docker", () =>
    Effect.gen(function*() {
      const { directory, executable, results } = yield* machine("docker")
      yield* Effect.provide(several, backend("docker", executable, directory))
      const { builds, overlaps } = yield* results
      assert.strictEqual(builds, 3)
      assert.isAbove(overlaps, 0)
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)

  it.scopedLive("run one at a time on Podman, within a backend and across backends", () =>
    Effect.gen(function*() {
      const { directory, executable, results } = yield* machine("podman")
      const locks = `${directory}/ociman/locks`
      const others = Effect.provide(several, backend("podman", executable, directory))
      yield* Effect.all([others, others], { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* results, { builds: 6, overlaps: 0 })
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* fs.readDirectory(locks), [])
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)

  it.scopedLive(
    "run one at a time within the process, with a warning, where no lock file can be created",
    () =>
      Effect.gen(function*() {
        const { executable, results } = yield* machine("podman")
        const warnings: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) =>
          void warnings.push(`${logLevel.label} ${String(message)}`)
        )
        yield* several.pipe(
          Effect.provide(backend("podman", executable, "/dev/null")),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
        assert.deepStrictEqual(yield* results, { builds: 3, overlaps: 0 })
        assert.isNotEmpty(warnings)
        for (const warning of warnings) {
          assert.match(warning, /^WARN There is no lock for podman builder: other processes may/)
        }
      }).pipe(Effect.provide(NodeContext.layer)),
    30_000
  )

  it.scopedLive("run one at a time on Podman across processes", () =>
    Effect.gen(function*() {
      const { directory, results } = yield* machine("podman")
      const run = (number: number) =>
        Subprocess.run(
          Command.make(
            "node",
            "--conditions=@ociman/source",
            "--import",
            "tsx",
            buildOnce,
            `app:${number}`,
            "FROM scratch"
          )
            .pipe(Command.env({
              OCIMAN_BACKEND: "podman",
              XDG_RUNTIME_DIR: directory,
              PATH: `${directory}:${process.env.PATH}`
            })),
          { timeout: "50 seconds" }
        )
      const outcomes = yield* Effect.forEach([1, 2, 3], run, { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.map(({ stdout }) => stdout.text.trim()), ["true", "true", "true"])
      assert.deepStrictEqual(yield* results, { builds: 3, overlaps: 0 })
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})
