import { assert, it } from "@effect/vitest"
import { Container, MemoryBackend, Volume } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Effect, Layer, Ref } from "effect"
import { site } from "../examples/site.js"

const pages = { "index.html": "Hello!" }

const busybox = Reference.make("busybox:1.37")

/** Memory engine with a scripted `wget`, which fails the first time because the server is not ready. */
const memory = Layer.unwrapEffect(
  Effect.map(Ref.make(1), (exitCode) =>
    MemoryBackend.layer({
      exec: () => Effect.map(Ref.getAndSet(exitCode, 0), (exitCode) => ({ exitCode }))
    }))
)

it.live("a site serves its pages until its scope closes", () =>
  Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const { container, url } = yield* site(busybox, pages)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
      assert.strictEqual(yield* container.readFileString("/www/index.html"), "Hello!")
    }))
    assert.deepStrictEqual(yield* Container.list(), [])
    assert.deepStrictEqual(yield* Volume.list(), [])
  }).pipe(Effect.provide(memory)))
