import { HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import type { NodeOciman } from "@ociman/node"
import { TestImage } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { site } from "../../examples/site.js"

export const siteTests = (name: string, engine: typeof NodeOciman.layerDocker) =>
  layer(Layer.provideMerge(TestImage.layer(), Layer.merge(engine, NodeHttpClient.layer)), {
    excludeTestServices: true
  })(`a site on ${name}`, (it) => {
    it.effect("serves its pages to this machine until its scope closes", () =>
      Effect.gen(function*() {
        const { reference } = yield* TestImage.TestImage // a static busybox, made without a registry
        const url = yield* Effect.scoped(Effect.gen(function*() {
          const { url } = yield* site(reference, { "index.html": "Hello!" })
          const page = yield* HttpClient.get(url)
          assert.strictEqual(yield* page.text, "Hello!")
          return url
        }))
        yield* Effect.flip(HttpClient.get(url))
      }))
  })
