import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { ContentNotFound, SizeMismatch } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"
import { collect, concat } from "../values/bytes.js"
import * as derivedStore from "./derived.js"

export const make = Effect.gen(function*() {
  const name = "memory"
  const blobs = new Map<string, Uint8Array>()
  const listed = yield* Ref.make<ReadonlyArray<Descriptor>>([])
  const readBytes = (digest: Digest.Digest) =>
    Effect.suspend(() => {
      const bytes = blobs.get(digest)
      return bytes === undefined ? new ContentNotFound({ content: digest, store: name }) : Effect.succeed(bytes)
    })
  return yield* derivedStore.make({
    name,
    read: (digest) => Stream.fromEffect(readBytes(digest)),
    readBytes,
    size: (digest) => Effect.sync(() => Option.map(Option.fromNullable(blobs.get(digest)), (bytes) => bytes.length)),
    keep: (digest, size) => Effect.sync(() => blobs.get(digest)?.length === size),
    write: (digest, content) =>
      Effect.map(collect(content), (bytes) => {
        blobs.set(digest, bytes)
      }),
    writeBytes: (digest, bytes) => Effect.sync(() => blobs.set(digest, bytes)),
    receive: (produce) =>
      Effect.gen(function*() {
        const parts: Array<Uint8Array> = []
        // The producer may reuse its buffers.
        const sink = Sink.forEach((bytes: Uint8Array) => Effect.sync(() => parts.push(bytes.slice())))
        const [digest, size, result] = yield* produce(sink)
        const bytes = concat(parts)
        if (bytes.length !== size) return yield* new SizeMismatch({ digest, expected: size, actual: bytes.length })
        blobs.set(digest, bytes)
        return result
      }),
    remove: (digest) => Effect.sync(() => blobs.delete(digest)),
    entries: Ref.get(listed),
    updateEntries: (f) => Ref.update(listed, f)
  })
})
