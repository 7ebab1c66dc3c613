/** Store that is opened on first use. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as FastPath from "../../author/FastPath.js"
import type { ContentError } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import { collect } from "../values/bytes.js"
import type { Pushed, PushOptions, Store } from "./model.js"

/** Opens the store once. A failed attempt is repeated by the next use. */
const openOnce = (open: Effect.Effect<Store, ContentError>): Effect.Effect<Store, ContentError> => {
  const semaphore = Effect.unsafeMakeSemaphore(1)
  let opened: Store | undefined
  return Effect.suspend(() =>
    opened === undefined
      ? Effect.tap(open, (store) =>
        Effect.sync(() => {
          opened = store
        }))
      : Effect.succeed(opened)
  ).pipe(semaphore.withPermits(1))
}

const makeFetch = (store: Effect.Effect<Store, ContentError>) => {
  const read = (f: (store: Store) => Stream.Stream<Uint8Array, ContentError>) => Stream.unwrap(Effect.map(store, f))
  const unverified = (store: Store) => FastPath.ofFetch(store).unverified ?? store.fetch
  return FastPath.attachFetch((descriptor) => read((_) => _.fetch(descriptor)), {
    unverified: (descriptor) => read((_) => unverified(_)(descriptor)),
    bytes: (descriptor) =>
      Effect.flatMap(store, (_) => {
        const { bytes } = FastPath.ofFetch(_)
        return bytes === undefined ? collect(unverified(_)(descriptor)) : bytes(descriptor)
      })
  })
}

const makePush = (store: Effect.Effect<Store, ContentError>) =>
  FastPath.attachPush(
    <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>, options?: PushOptions) =>
      Effect.flatMap(store, (_): Effect.Effect<Pushed, E | ContentError> => _.push(descriptor, content, options)),
    {
      bytes: <E>(descriptor: Descriptor, bytes: Effect.Effect<Uint8Array, E>, options?: PushOptions) =>
        Effect.flatMap(store, (_): Effect.Effect<Pushed, E | ContentError> => {
          const paths = FastPath.ofPush(_)
          return paths.bytes === undefined
            ? _.push(descriptor, Stream.fromEffect(bytes), options)
            : paths.bytes(descriptor, bytes, options)
        }),
      resume: <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) =>
        Effect.flatMap(store, (_): Effect.Effect<Pushed, E | ContentError> => {
          const { resume } = FastPath.ofPush(_)
          return resume === undefined ? _.push(descriptor, content(0)) : resume(descriptor, content)
        })
    }
  )

export const make = (name: string, open: Effect.Effect<Store, ContentError>): Store => {
  const store = openOnce(open)
  return {
    name,
    fetch: makeFetch(store),
    exists: (descriptor) => Effect.flatMap(store, (_) => _.exists(descriptor)),
    resolve: (name) => Effect.flatMap(store, (_) => _.resolve(name)),
    names: Stream.unwrap(Effect.map(store, (_) => _.names)),
    referrers: (subject, options) => Stream.unwrap(Effect.map(store, (_) => _.referrers(subject, options))),
    push: makePush(store),
    receive: (produce) => Effect.flatMap(store, (_) => _.receive(produce)),
    tag: (descriptor, name) => Effect.flatMap(store, (_) => _.tag(descriptor, name)),
    untag: (name) => Effect.flatMap(store, (_) => _.untag(name)),
    delete: (descriptor) => Effect.flatMap(store, (_) => _.delete(descriptor))
  }
}
