import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"

const server = FaultyRegistry.layerServer(FaultyRegistry.healthy).pipe(
  Layer.provide(Layer.merge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }), NodeHasher.layer))
)

describe("the example that ships files", () => {
  it.live("runs without installed programs and without a home directory", () =>
    Effect.gen(function*() {
      const { host } = yield* FaultyRegistry.FaultyRegistry
      const path = fileURLToPath(new URL("../examples/ship.ts", import.meta.url))
      const args = ["--conditions=@ociman/source", "--import", "tsx", path, `${host}/example/files`]
      const output = yield* Effect.async<string, Error>((resume) => {
        execFile(process.execPath, args, { env: { PATH: "/nowhere" } }, (error, stdout, stderr) => {
          assert.strictEqual(stderr, "")
          resume(error === null ? Effect.succeed(stdout) : Effect.fail(error))
        })
      })
      const [digest, versions, same, unpacked] = output.trim().split("\n")
      assert.match(digest ?? "", /^sha256:[0-9a-f]{64}$/)
      assert.strictEqual(versions, "[ '1.1.0' ]")
      assert.strictEqual(same, "true")
      assert.include(unpacked ?? "", "ship.ts")
    }).pipe(Effect.provide(server)), 60_000)
})
