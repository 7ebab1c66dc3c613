import { assert, describe, it } from "@effect/vitest"
import { Container, Definition, Network, Volume } from "@ociman/containers"
import { Effect } from "effect"
import { onMemory } from "./support/memory.js"

describe("handles", () => {
  it.effect("are pipeable and print their identifying fields", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.make("web"))
      const network = yield* Network.make()
      const volume = yield* Volume.make()
      assert.strictEqual(container.pipe(({ id }) => id), container.id)
      assert.strictEqual(network.pipe(({ id }) => id, (id) => id.length), network.id.length)
      assert.strictEqual(volume.pipe(({ name }) => name), volume.name)
      assert.deepStrictEqual(JSON.parse(JSON.stringify([container, network, volume])), [
        { _id: "@ociman/containers/Container", id: container.id },
        { _id: "@ociman/containers/Network", id: network.id, name: network.name },
        { _id: "@ociman/containers/Volume", name: volume.name }
      ])
      assert.include(String(volume), volume.name)
    }).pipe(onMemory()))
})
