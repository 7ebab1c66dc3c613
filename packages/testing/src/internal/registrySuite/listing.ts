import { assert } from "@effect/vitest"
import { Registry, Repository } from "@ociman/registry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { at, failure, pushImage, type Test } from "./support.js"

/** @internal */
export const name = "lists"

/** @internal */
export const tests = (test: Test): void => {
  test("of tags are whole, however small their pages are", (host, path) =>
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

  test("of a repository that is not there are not found", (host, path) =>
    Effect.gen(function*() {
      const listed = yield* failure(Stream.runDrain(Registry.tags(at(host, path))))
      assert.strictEqual(listed, "RegistryFailed NAME_UNKNOWN")
    }))

  test("of repositories have those with images", (host, path) =>
    Effect.gen(function*() {
      yield* pushImage(at(host, path), 1, "v1")
      yield* pushImage(at(host, `${path}-other`), 1, "v1")
      const found = [...yield* Stream.runCollect(Registry.catalog(Repository.registryKey(host), { pageSize: 1 }))]
      assert.includeMembers(found, [path, `${path}-other`])
      assert.strictEqual(new Set(found).size, found.length)
    }))
}
