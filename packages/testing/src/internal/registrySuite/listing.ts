import { assert } from "@effect/vitest"
import * as Registry from "@ociman/registry/Registry"
import * as Repository from "@ociman/registry/Repository"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { at, failure, pushImage, type Test } from "./support.js"

const listing = (test: Test): void => {
  test("a list of tags is complete with any page size", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const tags = ["1.0", "1.1", "2.0", "3.0", "latest"]
      yield* pushImage(repository, 1, ...tags)
      for (const pageSize of [undefined, 1, 2, 5, 100]) {
        const found = yield* Stream.runCollect(Registry.tags(repository, { pageSize }))
        assert.deepStrictEqual([...found].sort(), tags)
      }
      assert.deepStrictEqual([...yield* Stream.runCollect(Stream.take(Registry.tags(repository), 1))].length, 1)
    }))

  test("listing the tags of a missing repository fails with NAME_UNKNOWN", (host, path) =>
    Effect.gen(function*() {
      const listed = yield* failure(Stream.runDrain(Registry.tags(at(host, path))))
      assert.strictEqual(listed, "RegistryFailed NAME_UNKNOWN")
    }))

  test("the catalog lists repositories with images once each", (host, path) =>
    Effect.gen(function*() {
      yield* pushImage(at(host, path), 1, "v1")
      yield* pushImage(at(host, `${path}-other`), 1, "v1")
      const found = [...yield* Stream.runCollect(Registry.catalog(Repository.registryKey(host), { pageSize: 1 }))]
      assert.includeMembers(found, [path, `${path}-other`])
      assert.strictEqual(new Set(found).size, found.length)
    }))
}

/** @internal */
export const themes = [
  { name: "listing", tests: listing }
] as const
