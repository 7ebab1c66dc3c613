import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher, NodeOciman } from "@ociman/node"
import { Digest, MediaType, OciDirectory } from "@ociman/oci"
import { Registry, Repository } from "@ociman/registry"
import { Effect, Stream } from "effect"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { MortalRegistry } from "./mortalRegistry.js"

const mebibyte = 1024 ** 2

const size = 250 * mebibyte

/** Maximum number of bytes in the buffers of two sockets and of this process when a connection breaks. */
const torn = 8 * mebibyte

/** Pieces that differ, so that one in the wrong place is found. */
const pieces = Stream.map(Stream.range(0, size / mebibyte - 1), (i) => {
  const piece = Buffer.alloc(mebibyte, 0x5a)
  piece.writeUInt32LE(i)
  return piece
})

const blob = Effect.gen(function*() {
  const hash = createHash("sha256")
  yield* Stream.runForEach(pieces, (piece) => Effect.sync(() => hash.update(piece)))
  return { mediaType: MediaType.ImageLayer, digest: Digest.Digest.make(`sha256:${hash.digest("hex")}`), size }
})

const pull = (...args: ReadonlyArray<string>) =>
  spawn(process.execPath, [
    "--conditions=@ociman/source",
    "--import",
    "tsx",
    fileURLToPath(new URL("../programs/puller.ts", import.meta.url)),
    ...args
  ], { stdio: ["ignore", "inherit", "inherit"] })

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ociman-resuming-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("a large blob", () => {
  it.live(
    "is pulled across three crashes of its registry and one of the process, and no byte is transferred twice",
    () =>
      Effect.gen(function*() {
        const registry = yield* MortalRegistry.make
        const repository = Repository.make(`${registry.host}/team/large`)
        const descriptor = yield* blob
        strictEqual(yield* Registry.pushBlob(repository, descriptor, pieces), "Pushed")
        const root = join(yield* directory, "layout")
        const begin = registry.sent
        const puller = () => pull(String(repository), descriptor.digest, String(size), root)

        yield* Effect.promise(async () => {
          const killed = puller()
          for (const part of [1, 2, 3]) {
            await registry.hasSent(begin + part * size / 5)
            await registry.die()
            await registry.live()
          }
          await registry.hasSent(begin + 4 * size / 5)
          killed.kill("SIGKILL")
          await once(killed, "exit")
          const [exitCode] = await once(puller(), "exit")
          strictEqual(exitCode, 0)
        })

        const extra = registry.sent - begin - size
        assertTrue(extra > 0 && extra < 4 * torn, `${extra} bytes more than there are`)
        const store = yield* OciDirectory.open(root)
        yield* Stream.runDrain(store.fetch(descriptor))
        deepStrictEqual(readdirSync(root).filter((name) => name.endsWith(".tmp")), [])
      }).pipe(Effect.scoped, Effect.provide(NodeOciman.layerImages), Effect.provide(NodeHasher.layer))
  )
})
