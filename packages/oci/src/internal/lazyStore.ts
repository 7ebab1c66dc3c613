import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ContentError } from "../ContentError.js"
import type { Descriptor } from "../Descriptor.js"
import type { Pushed, PushOptions, Store } from "../ImageStore.js"
import { collect } from "./bytes.js"

export const make = (name: string, open: Effect.Effect<Store, ContentError>): Store => {
  const turn = Effect.unsafeMakeSemaphore(1)
  let opened: Store | undefined
  const store = Effect.suspend(() =>
    opened === undefined
      ? Effect.tap(open, (store) =>
        Effect.sync(() => {
          opened = store
        }))
      : Effect.succeed(opened)
  ).pipe(turn.withPermits(1))
  const read = (f: (store: Store) => Stream.Stream<Uint8Array, ContentError>) => Stream.unwrap(Effect.map(store, f))
  return {
    name,
    fetch: (descriptor) => read((_) => _.fetch(descriptor)),
    fetchUnverified: (descriptor) => read(({ fetch, fetchUnverified = fetch }) => fetchUnverified(descriptor)),
    fetchBytes: (descriptor) =>
      Effect.flatMap(
        store,
        ({ fetch, fetchBytes, fetchUnverified = fetch }) =>
          fetchBytes === undefined ? collect(fetchUnverified(descriptor)) : fetchBytes(descriptor)
      ),
    exists: (descriptor) => Effect.flatMap(store, (_) => _.exists(descriptor)),
    resolve: (name) => Effect.flatMap(store, (_) => _.resolve(name)),
    names: Stream.unwrap(Effect.map(store, (_) => _.names)),
    referrers: (subject, options) => Stream.unwrap(Effect.map(store, (_) => _.referrers(subject, options))),
    push: <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>, options?: PushOptions) =>
      Effect.flatMap(store, (_): Effect.Effect<Pushed, E | ContentError> => _.push(descriptor, content, options)),
    pushBytes: <E>(descriptor: Descriptor, bytes: Effect.Effect<Uint8Array, E>, options?: PushOptions) =>
      Effect.flatMap(
        store,
        (_): Effect.Effect<Pushed, E | ContentError> =>
          _.pushBytes === undefined
            ? _.push(descriptor, Stream.fromEffect(bytes), options)
            : _.pushBytes(descriptor, bytes, options)
      ),
    resume: <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) =>
      Effect.flatMap(
        store,
        (_): Effect.Effect<Pushed, E | ContentError> =>
          _.resume === undefined ? _.push(descriptor, content(0)) : _.resume(descriptor, content)
      ),
    receive: (produce) => Effect.flatMap(store, (_) => _.receive(produce)),
    tag: (descriptor, name) => Effect.flatMap(store, (_) => _.tag(descriptor, name)),
    untag: (name) => Effect.flatMap(store, (_) => _.untag(name)),
    delete: (descriptor) => Effect.flatMap(store, (_) => _.delete(descriptor))
  }
}
