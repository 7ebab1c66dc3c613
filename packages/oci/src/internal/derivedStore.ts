/** All that a store can do, from the little that it must be able to do. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Content from "../Content.js"
import { type ContentError, ContentNotFound, isDamage, SizeMismatch, UnsupportedDigest } from "../ContentError.js"
import type { Descriptor } from "../Descriptor.js"
import * as Digest from "../Digest.js"
import * as Hasher from "../Hasher.js"
import type { Kept, Primitives, Pushed, Store } from "../ImageStore.js"
import * as MediaType from "../MediaType.js"
import { skip } from "./bytes.js"
import * as entries from "./indexEntries.js"
import * as links from "./links.js"

const computable = (descriptor: Descriptor): Effect.Effect<Digest.Digest, UnsupportedDigest> =>
  Digest.isDigest(descriptor.digest)
    ? Effect.succeed(descriptor.digest)
    : new UnsupportedDigest({ digest: descriptor.digest })

export const make = (primitives: Primitives): Effect.Effect<Store, never, Hasher.Hasher> =>
  Effect.map(Hasher.Hasher, (hasher) => {
    const { name } = primitives

    const verify = (descriptor: Descriptor) => <E>(stream: Stream.Stream<Uint8Array, E>) =>
      Stream.provideService(Content.verify(descriptor)(stream), Hasher.Hasher, hasher)

    const notFound = (name: string) => new ContentNotFound({ content: name, store: primitives.name })

    const traced = <A, E, R>(
      effect: Effect.Effect<A, E, R>,
      operation: string,
      attributes: Record<string, unknown>
    ): Effect.Effect<A, E, R> =>
      Effect.withSpan(effect, `ImageStore.${operation}`, {
        captureStackTrace: false,
        attributes: { store: name, ...attributes }
      })

    const fetchBy = (read: Primitives["read"]) => (descriptor: Descriptor): Stream.Stream<Uint8Array, ContentError> =>
      descriptor.data === undefined
        ? Stream.unwrap(Effect.map(computable(descriptor), read))
        : Stream.make(descriptor.data)

    const fetchUnverified = fetchBy(primitives.read)

    const fetchBytesBy =
      (readBytes: NonNullable<Primitives["readBytes"]>): NonNullable<Store["fetchBytes"]> => (descriptor) =>
        Effect.gen(function*() {
          if (descriptor.data !== undefined) return descriptor.data
          const digest = yield* computable(descriptor)
          // What is larger than it says could take all memory.
          const size = yield* primitives.size(digest)
          if (Option.isNone(size)) return yield* notFound(digest)
          if (size.value === descriptor.size) return yield* readBytes(digest)
          return yield* new SizeMismatch({ digest, expected: descriptor.size, actual: size.value })
        })

    const fetch: Store["fetch"] = (descriptor) => verify(descriptor)(fetchUnverified(descriptor))

    const exists: Store["exists"] = (descriptor) =>
      Digest.isDigest(descriptor.digest)
        ? Effect.map(primitives.size(descriptor.digest), Option.contains(descriptor.size))
        : Effect.succeed(false)

    const document = (descriptor: Descriptor) =>
      fetch(descriptor).pipe(
        Content.collect(descriptor, links.limits),
        Effect.provideService(Hasher.Hasher, hasher),
        Effect.flatMap(links.read)
      )

    const byDigest = Effect.fnUntraced(function*(digest: Digest.Digest) {
      const entry = (yield* primitives.entries).find((entry) => entry.digest === digest)
      if (entry !== undefined) return entry
      const size = yield* primitives.size(digest)
      if (Option.isNone(size)) return yield* notFound(digest)
      const found = { mediaType: MediaType.ImageManifest, digest, size: size.value }
      const { mediaType } = yield* Effect.catchTag(document(found), "InvalidDocument", () => notFound(digest))
      return { ...found, mediaType }
    })

    const resolve: Store["resolve"] = (name) =>
      Effect.flatMap(primitives.entries, (all) =>
        Option.match(entries.find(all, name), {
          onSome: (entry) => Effect.succeed(entry),
          onNone: () => Digest.isDigest(name) ? byDigest(name) : notFound(name)
        })).pipe((_) => traced(_, "resolve", { reference: name }))

    const pushBlob = Effect.fnUntraced(function*<E>(
      descriptor: Descriptor,
      digest: Digest.Digest,
      content: Stream.Stream<Uint8Array, E>
    ) {
      if (yield* primitives.keep(digest, descriptor.size)) return "Present"
      yield* primitives.write(digest, verify(descriptor)(content))
      return "Pushed"
    })

    const pushDocument = Effect.fnUntraced(function*<E>(
      descriptor: Descriptor,
      digest: Digest.Digest,
      content: Stream.Stream<Uint8Array, E>
    ) {
      const present = yield* primitives.keep(digest, descriptor.size)
      const source: Stream.Stream<Uint8Array, E | ContentError> = present ? fetch(descriptor) : content
      const bytes = yield* Effect.provideService(
        Content.collect(source, descriptor, links.limits),
        Hasher.Hasher,
        hasher
      )
      const { manifests } = yield* links.read(bytes)
      if (!present) yield* primitives.write(digest, Stream.make(bytes))
      yield* primitives.updateEntries((all) => entries.list(all, descriptor, manifests))
      return present ? "Present" : "Pushed"
    })

    const push: Store["push"] = <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>) => {
      const pushed: Effect.Effect<Pushed, E | ContentError> = Effect.flatMap(
        computable(descriptor),
        (digest) =>
          links.isDocument(descriptor.mediaType)
            ? pushDocument(descriptor, digest, content)
            : pushBlob(descriptor, digest, content)
      )
      return traced(pushed, "push", { digest: descriptor.digest })
    }

    const pushBytesBy =
      (writeBytes: NonNullable<Primitives["writeBytes"]>): NonNullable<Store["pushBytes"]> =>
      <E>(descriptor: Descriptor, content: Effect.Effect<Uint8Array, E>) => {
        if (links.isDocument(descriptor.mediaType)) return push(descriptor, Stream.fromEffect(content))
        return Effect.gen(function*() {
          const digest = yield* computable(descriptor)
          if (yield* primitives.keep(digest, descriptor.size)) return "Present"
          const bytes = yield* content
          yield* Effect.provideService(Content.verifyBytes(descriptor, bytes), Hasher.Hasher, hasher)
          yield* writeBytes(digest, bytes)
          return "Pushed"
        }).pipe((_) => traced(_, "push", { digest: descriptor.digest }))
      }

    const resumeWith =
      (append: NonNullable<Primitives["append"]>): NonNullable<Store["resume"]> =>
      <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) => {
        let offset = 0
        const whole = ({ bytes, size }: Kept): Stream.Stream<Uint8Array, E | ContentError> => {
          offset = size
          const rest = size < descriptor.size ? content(size) : Stream.empty
          return Stream.concat<Uint8Array, E | ContentError, never, Uint8Array, E, never>(bytes, rest)
        }
        return Effect.gen(function*() {
          const digest = yield* computable(descriptor)
          if (yield* primitives.keep(digest, descriptor.size)) return "Present"
          yield* append(digest, (kept) => skip(kept.size)(verify(descriptor)(whole(kept)))).pipe(
            // What was kept may be what is damaged.
            Effect.retry({ times: 1, while: (error) => offset > 0 && isDamage(error) })
          )
          return "Pushed"
        }).pipe((_) => traced(_, "resume", { digest: descriptor.digest }))
      }

    const receive: Store["receive"] = (produce) =>
      primitives.receive((sink) =>
        Effect.flatMap(
          produce(sink),
          ([descriptor, result]) =>
            Effect.map(computable(descriptor), (digest) => [digest, descriptor.size, result] as const)
        )
      ).pipe((_) => traced(_, "receive", {}))

    const tag: Store["tag"] = (descriptor, name) =>
      exists(descriptor).pipe(
        Effect.filterOrFail((there) => there, () => notFound(descriptor.digest)),
        Effect.zipRight(primitives.updateEntries((all) => entries.tag(all, descriptor, name))),
        (_) => traced(_, "tag", { digest: descriptor.digest, reference: name })
      )

    const untag: Store["untag"] = (name) =>
      primitives.entries.pipe(
        Effect.flatMap((all) => Option.isSome(entries.find(all, name)) ? Effect.void : notFound(name)),
        Effect.zipRight(primitives.updateEntries((all) => entries.untag(all, name))),
        (_) => traced(_, "untag", { reference: name })
      )

    const remove: Store["delete"] = (descriptor) =>
      exists(descriptor).pipe(
        Effect.filterOrFail((there) => there, () => notFound(descriptor.digest)),
        Effect.zipRight(computable(descriptor)),
        Effect.tap(primitives.updateEntries((all) => entries.remove(all, descriptor.digest))),
        Effect.flatMap(primitives.remove),
        (_) => traced(_, "delete", { digest: descriptor.digest })
      )

    /** All manifests and indexes that can be reached; what cannot be read has no subject either. */
    const documents = Effect.fnUntraced(function*() {
      const seen = new Map<string, readonly [Descriptor, links.Links]>()
      const pending = Array.from(yield* primitives.entries)
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        if (seen.has(next.digest) || !links.isDocument(next.mediaType) || !(yield* exists(next))) continue
        const read = yield* document(next)
        seen.set(next.digest, [next, read])
        for (const child of read.manifests) pending.push(child)
      }
      return [...seen.values()]
    })

    const referrers: Store["referrers"] = (subject, options) =>
      Stream.unwrap(
        Effect.map(documents(), (all) =>
          Stream.fromIterable(all.flatMap(([{ digest, mediaType, size }, { annotations, artifactType, ...read }]) => {
            const type = Option.getOrUndefined(artifactType)
            return Option.exists(read.subject, (_) =>
                _.digest === subject.digest) &&
                (options?.artifactType === undefined || options.artifactType === type)
              ? [{
                mediaType,
                digest,
                size,
                ...(type === undefined ? {} : { artifactType: type }),
                ...(annotations === undefined ? {} : { annotations })
              }]
              : []
          })))
      )

    return {
      name,
      fetch,
      fetchUnverified,
      ...(primitives.readReused === undefined ? {} : { fetchReused: fetchBy(primitives.readReused) }),
      ...(primitives.readBytes === undefined ? {} : { fetchBytes: fetchBytesBy(primitives.readBytes) }),
      writesAtOnce: primitives.writesAtOnce ?? false,
      exists,
      resolve,
      push,
      ...(primitives.writeBytes === undefined ? {} : { pushBytes: pushBytesBy(primitives.writeBytes) }),
      ...(primitives.append === undefined ? {} : { resume: resumeWith(primitives.append) }),
      receive,
      tag,
      untag,
      delete: remove,
      names: Stream.unwrap(Effect.map(primitives.entries, (all) => Stream.fromIterable(entries.names(all)))),
      referrers
    }
  })
