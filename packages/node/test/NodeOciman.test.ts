import { NodeHttpServer } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertInclude, assertInstanceOf, assertTrue, strictEqual } from "@effect/vitest/utils"
import { NodeHasher, NodeOciman } from "@ociman/node"
import { Artifact, ContentError, ImageStore } from "@ociman/oci"
import { Registry, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

const withSettings = (settings: Record<string, string>) =>
  Layer.provide(
    NodeOciman.layerImages,
    Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
  )

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ociman-node-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("NodeOciman", () => {
  it.scopedLive("provides the user's image store, which is created on first use", () =>
    Effect.gen(function*() {
      const root = join(yield* directory, "data")
      yield* Effect.gen(function*() {
        const store = yield* ImageStore.ImageStore
        assertFalse(existsSync(root))
        const artifact = Artifact.make()
        const { descriptor } = yield* Artifact.push(artifact, store, "v1")
        strictEqual((yield* store.resolve("v1")).digest, descriptor.digest)
        assertTrue(existsSync(root))
      }).pipe(Effect.provide(withSettings({ OCIMAN_DATA_DIR: root })))
    }))

  it.effect("works without a home directory, until the store is used", () =>
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const error = yield* Effect.flip(store.resolve("v1"))
      assertInstanceOf(error, ContentError.StoreFailed)
      assertInclude(error.message, "HOME")
    }).pipe(Effect.provide(withSettings({}))))

  it.scopedLive("provides a registry client and credentials", () =>
    Effect.gen(function*() {
      const { host } = yield* FaultyRegistry.FaultyRegistry
      const home = yield* directory
      const settings = { HOME: home, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }) }
      yield* Registry.ping(Repository.registryKey(host)).pipe(Effect.provide(withSettings(settings)))
      const error = yield* Effect.flip(
        Effect.provide(Registry.ping(Repository.registryKey(host)), withSettings({ HOME: home }))
      )
      strictEqual(error._tag, "AuthenticationError")
    }).pipe(Effect.provide(guarded)))
})

const auth = btoa("alice:s3cret")

const guarded = FaultyRegistry.layerServer(
  FaultyRegistry.basicAuth(FaultyRegistry.healthy, { username: "alice", password: Redacted.make("s3cret") })
).pipe(
  Layer.provide(Layer.merge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }), NodeHasher.layer))
)
