import { assert, it } from "@effect/vitest"
import { Container, MemoryBackend, Volume } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Effect, Layer, Ref } from "effect"
import { site } from "../examples/site.js"

const pages = { "index.html": "Hello!" }

const busybox = Reference.make("busybox:1.37")

/** There `wget` has to be played; the first time, the server is not there yet. */
const memory = Layer.unwrapEffect(
  Effect.map(Ref.make(1), (exitCode) =>
    MemoryBackend.layer({
      exec: () => Effect.map(Ref.getAndSet(exitCode, 0), (exitCode) => ({ exitCode }))
    }))
)

it.live("a site has its pages, and is gone with its scope", () =>
  Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const { container, url } = yield* site(busybox, pages)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
      assert.strictEqual(yield* container.readFileString("/www/index.html"), "Hello!")
    }))
    assert.deepStrictEqual(yield* Container.list(), [])
    assert.deepStrictEqual(yield* Volume.list(), [])
  }).pipe(Effect.provide(memory)))
