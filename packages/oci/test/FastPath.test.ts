import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, Copy, ImageStore, MediaType } from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import * as StoreDriver from "@ociman/oci/author/StoreDriver"
import { Effect, Stream } from "effect"

const bytes = new TextEncoder().encode("content")

describe("Fast paths", () => {
  it.effect("are kept by a copy of a store, and dropped with another fetch or push", () =>
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const copied = { ...store, name: "copied" }
      strictEqual(FastPath.ofFetch(copied).bytes, FastPath.ofFetch(store).bytes)
      strictEqual(FastPath.ofPush(copied).bytes, FastPath.ofPush(store).bytes)
      const wrapped: ImageStore.Store = {
        ...store,
        fetch: (descriptor) => store.fetch(descriptor),
        push: (descriptor, content) => store.push(descriptor, content)
      }
      deepStrictEqual(FastPath.ofFetch(wrapped), {})
      deepStrictEqual(FastPath.ofPush(wrapped), {})
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("are no members of a store", () =>
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      deepStrictEqual(Object.keys(StoreDriver.lazy("lazy", Effect.succeed(store))).sort(), Object.keys(store).sort())
      deepStrictEqual(
        Object.keys(store).sort(),
        ["delete", "exists", "fetch", "name", "names", "push", "receive", "referrers", "resolve", "tag", "untag"]
      )
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("of a wrapped store do not bypass the wrapper", () =>
    Effect.gen(function*() {
      const source = yield* ImageStore.makeMemory
      const target = yield* ImageStore.makeMemory
      const descriptor = yield* Content.describe(MediaType.OctetStream, bytes)
      yield* source.push(descriptor, Stream.make(bytes))
      const calls: Array<string> = []
      const from: ImageStore.Store = {
        ...source,
        fetch: (descriptor) => {
          calls.push("fetch")
          return source.fetch(descriptor)
        }
      }
      const to: ImageStore.Store = {
        ...target,
        push: (descriptor, content) => {
          calls.push("push")
          return target.push(descriptor, content)
        }
      }
      yield* Copy.graph(from, descriptor, to)
      deepStrictEqual(calls.sort(), ["fetch", "push"])
    }).pipe(Effect.provide(NodeHasher.layer)))
})
