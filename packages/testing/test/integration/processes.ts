import { Command, FileSystem } from "@effect/platform"
import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { type Backend, Image } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { TestImage } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import { platform } from "../support/platform.js"

const script = fileURLToPath(new URL("buildOnce.ts", import.meta.url))

const count = 4

/** Matches lock files, but not the temporary files that are renamed to locks. */
const isLock = (file: string) => /test-processes_[^.]*$/.test(file)

/** Tests of several processes that ensure one image concurrently. */
export const tests = <E>(
  engine: "docker" | "podman",
  backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>
) =>
  layer(
    Layer.provideMerge(TestImage.layer(), Layer.provideMerge(backend, platform)),
    { excludeTestServices: true, timeout: 60_000 }
  )(`processes that share ${engine}`, (it) => {
    it.scoped("build an image once despite the lock of a killed process", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { reference } = yield* TestImage.TestImage
        const runtime = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-locks-" })
        const image = `localhost/ociman/test-processes:${randomUUID()}`
        const target = Reference.make(image)
        yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(target, { force: true })))
        const run = (...instructions: ReadonlyArray<string>) =>
          Command.make("node", "--conditions=@ociman/source", "--import", "tsx", script, image, ...instructions).pipe(
            Command.env({ OCIMAN_BACKEND: engine, XDG_RUNTIME_DIR: runtime })
          )
        const instructions = `FROM ${Reference.format(reference)}\nENV KEY=${randomUUID()}\nRUN sleep 1\n`

        // A killed process leaves its lock, which others must take over.
        const locks = fs.readDirectory(`${runtime}/ociman/locks`).pipe(Effect.orElseSucceed(() => []))
        yield* Effect.scoped(Effect.gen(function*() {
          const killed = yield* Subprocess.start(run())
          yield* Effect.repeat(Effect.delay(locks, "20 millis"), {
            until: (files) => files.length === 1 && isLock(files[0] ?? "")
          })
          yield* killed.kill("SIGKILL")
          yield* Effect.ignore(killed.exitCode)
        }))
        assert.isNotEmpty(yield* locks)

        const results = yield* Effect.all(
          Array.from({ length: count }, () => Subprocess.run(run(instructions), { timeout: "2 minutes" })),
          { concurrency: "unbounded" }
        )
        const built = results.map(({ stdout }) => stdout.text.trim())
        assert.deepStrictEqual(built.sort(), [...Array.from({ length: count - 1 }, () => "false"), "true"])
        assert.deepStrictEqual(yield* locks, [])
      }))
  })
