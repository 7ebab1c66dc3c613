/**
 * A repository of a registry as a store of images, so that `Copy.image` goes from and to registries as from and to
 * layouts and archives. Between repositories of one registry content is mounted and does not pass through here.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { Content, ContentError, type Descriptor, Digest, Hasher, ImageStore, MediaType, Reference } from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { text } from "./internal/answers.js"
import { recentDocuments } from "./internal/recentDocuments.js"
import * as storeErrors from "./internal/storeErrors.js"
import { type PushBlobOptions, type PushManifestOptions, Registry } from "./Registry.js"
import { Repository } from "./Repository.js"

/**
 * A store that is a repository.
 *
 * @since 0.1.0
 * @category models
 */
export interface RegistryStore extends ImageStore.Store {
  readonly repository: Repository
}

/**
 * The store that a repository is. Its names are the tags.
 *
 * What it receives while it is being made goes through a temporary file, since a registry wants to know digests
 * beforehand. A failure of the registry is a `ContentError.StoreFailed` with the registry's own error as its cause; of
 * what is not there it is a `ContentError.ContentNotFound`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  repository: Repository
): Effect.Effect<RegistryStore, never, Registry | Hasher.Hasher | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const registry = yield* Registry
    const hasher = yield* Hasher.Hasher
    const fs = yield* FileSystem.FileSystem
    const name = String(repository)
    const recent = recentDocuments()
    /** What the registry said that it misses, whatever it said before. */
    const missing = new Set<string>()
    const { failed, failedStream, notFound, refused, unsaved } = storeErrors.of(name)

    const document = (descriptor: Descriptor.Descriptor, digest: Digest.Digest) =>
      Option.match(recent.get(digest), {
        onSome: (content) => Effect.succeed(content),
        onNone: () =>
          Effect.map(
            failed("read", digest, registry.fetchManifest(repository, digest)),
            ({ bytes }) => recent.keep(descriptor, bytes)
          )
      })

    const fetchUnverified = (descriptor: Descriptor.Descriptor): Stream.Stream<Uint8Array, ContentError.ContentError> =>
      descriptor.data === undefined
        ? Stream.unwrap(Effect.map(computable(descriptor), (digest) =>
          isDocument(descriptor)
            ? Stream.fromEffect(Effect.map(document(descriptor, digest), ({ bytes }) => bytes))
            : failedStream("read", digest, registry.fetchBlobRange(repository, digest, { offset: 0 }))))
        : Stream.make(descriptor.data)

    const fetchBytes = (descriptor: Descriptor.Descriptor) =>
      descriptor.data === undefined
        ? Effect.flatMap(computable(descriptor), (digest) =>
          isDocument(descriptor)
            ? Effect.map(document(descriptor, digest), ({ bytes }) => bytes)
            : failed("read", digest, registry.fetchBlobBytes(repository, descriptor)))
        : Effect.succeed(descriptor.data)

    const fetchFrom = (descriptor: Descriptor.Descriptor, offset: number) =>
      Stream.unwrap(Effect.map(computable(descriptor), (digest) =>
        failedStream(
          "read",
          digest,
          registry.fetchBlobRange(repository, digest, { offset, length: descriptor.size - offset })
        )))

    const fetch: ImageStore.Store["fetch"] = (descriptor) =>
      Stream.provideService(Content.verify(descriptor)(fetchUnverified(descriptor)), Hasher.Hasher, hasher)

    const sizeOf = (descriptor: Descriptor.Descriptor, digest: Digest.Digest) =>
      isDocument(descriptor)
        ? Effect.map(
          registry.statManifest(repository, digest),
          Option.map(({ size }) => Option.some(size))
        )
        : Effect.map(registry.statBlob(repository, digest), Option.map(({ size }) => size))

    const exists: ImageStore.Store["exists"] = (descriptor) =>
      Digest.isDigest(descriptor.digest)
        ? Effect.map(
          failed("look for", descriptor.digest, sizeOf(descriptor, descriptor.digest)),
          // A registry that does not say the size of a blob is believed in the rest.
          Option.exists(Option.match({ onNone: () => true, onSome: (size) => size === descriptor.size }))
        )
        : Effect.succeed(false)

    const resolve: ImageStore.Store["resolve"] = (text) =>
      Effect.gen(function*() {
        if (!isTag(text) && !Digest.isDigest(text)) return yield* notFound(text)
        const found = yield* failed("look for", text, registry.statManifest(repository, text))
        return Option.isSome(found) ? found.value : yield* notFound(text)
      })

    const putDocument = (
      operation: string,
      digest: Digest.Digest,
      content: Content.Content<unknown>,
      options?: PushManifestOptions
    ) =>
      failed(
        operation,
        digest,
        Effect.tapError(registry.pushManifest(repository, content, options), (error) =>
          Effect.sync(() => {
            for (const other of storeErrors.missingOf(error, digest, () => text(content.bytes))) missing.add(other)
          }))
      )

    const pushDocument = Effect.fnUntraced(function*<E>(
      descriptor: Descriptor.Descriptor,
      digest: Digest.Digest,
      content: Stream.Stream<Uint8Array, E>
    ) {
      if (!missing.has(digest) && (yield* exists(descriptor))) return "Present"
      const collected = Content.collect(content, descriptor, manifests)
      const bytes = yield* Effect.provideService(collected, Hasher.Hasher, hasher)
      yield* putDocument("store", digest, recent.keep(descriptor, bytes))
      missing.delete(digest)
      return "Pushed"
    })

    const pushBlob = <E>(
      digest: Digest.Digest,
      { from }: ImageStore.PushOptions,
      push: (options: PushBlobOptions) => Effect.Effect<ImageStore.Pushed, E>
    ) =>
      failed(
        "store",
        digest,
        Effect.tap(
          push({ from: neighbours(repository, from), anew: missing.has(digest) }),
          () => Effect.sync(() => missing.delete(digest))
        )
      )

    const push: ImageStore.Store["push"] = <E>(
      descriptor: Descriptor.Descriptor,
      content: Stream.Stream<Uint8Array, E>,
      options: ImageStore.PushOptions = {}
    ) =>
      Effect.flatMap(
        computable(descriptor),
        (digest): Effect.Effect<ImageStore.Pushed, E | ContentError.ContentError> =>
          isDocument(descriptor)
            ? pushDocument(descriptor, digest, content)
            : pushBlob(digest, options, (_) => registry.pushBlob(repository, descriptor, content, _))
      )

    const pushBytes = <E>(
      descriptor: Descriptor.Descriptor,
      bytes: Effect.Effect<Uint8Array, E>,
      options: ImageStore.PushOptions = {}
    ): Effect.Effect<ImageStore.Pushed, E | ContentError.ContentError> =>
      isDocument(descriptor)
        ? push(descriptor, Stream.fromEffect(bytes), options)
        : Effect.flatMap(
          computable(descriptor),
          (digest) => pushBlob(digest, options, (_) => registry.pushBlobBytes(repository, descriptor, bytes, _))
        )

    const receive: ImageStore.Store["receive"] = (produce) =>
      Effect.scoped(Effect.gen(function*() {
        const directory = yield* TemporaryDirectory.makeScoped({ prefix: "ociman-upload-" }).pipe(
          Effect.provideService(FileSystem.FileSystem, fs),
          Effect.mapError(unsaved)
        )
        const path = `${directory}/content`
        const [descriptor, result] = yield* produce(Sink.mapError(fs.sink(path), unsaved))
        yield* push(descriptor, Stream.mapError(fs.stream(path, { chunkSize: 1024 * 1024 }), unsaved))
        return result
      }))

    const tag: ImageStore.Store["tag"] = (descriptor, name) =>
      Effect.gen(function*() {
        if (!isTag(name)) return yield* refused(`tag ${descriptor.digest}`, `${JSON.stringify(name)} is not a tag`)
        const digest = yield* computable(descriptor)
        const content = yield* document(descriptor, digest)
        if (content.bytes.length !== descriptor.size) return yield* notFound(digest)
        yield* putDocument("tag", digest, content, { tags: [name] })
      })

    const untag: ImageStore.Store["untag"] = (text) =>
      isTag(text) ? failed("untag", text, registry.untag(repository, text)) : notFound(text)

    const remove: ImageStore.Store["delete"] = (descriptor) =>
      Effect.flatMap(computable(descriptor), (digest): Effect.Effect<void, ContentError.ContentError> =>
        isDocument(descriptor)
          ? Effect.zipRight(
            Effect.sync(() =>
              recent.forget(digest)
            ),
            failed("delete", digest, registry.deleteManifest(repository, digest))
          )
          : failed("delete", digest, registry.deleteBlob(repository, digest)))

    const referrers: ImageStore.Store["referrers"] = (subject, options) =>
      Stream.unwrap(Effect.map(computable(subject), (digest) =>
        failedStream("list the referrers of", digest, registry.referrers(repository, digest, options))))

    return {
      name,
      repository,
      fetch: FastPath.attachFetch(fetch, { unverified: fetchUnverified, bytes: fetchBytes, from: fetchFrom }),
      exists,
      resolve,
      push: FastPath.attachPush(push, { consumesBuffers: registry.writesAtOnce === true, bytes: pushBytes }),
      receive,
      tag,
      untag,
      delete: remove,
      // A repository without tags need not be there.
      names: Stream.catchTag(
        failedStream("list the tags of", name, registry.tags(repository)),
        "ContentNotFound",
        () =>
          Stream.empty
      ),
      referrers
    }
  })

/**
 * The `ImageStore` of a program, in a repository.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  repository: Repository
): Layer.Layer<ImageStore.ImageStore, never, Registry | Hasher.Hasher | FileSystem.FileSystem> =>
  Layer.effect(ImageStore.ImageStore, make(repository))

const isTag = Schema.is(Reference.Tag)

const manifests = { name: "manifest or index", limit: 4 * 1024 * 1024 }

const isDocument = ({ mediaType }: Descriptor.Descriptor): boolean =>
  MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)

const computable = ({ digest }: Descriptor.Descriptor) =>
  Digest.isDigest(digest) ? Effect.succeed(digest) : new ContentError.UnsupportedDigest({ digest })

/** Another repository of the registry, which mounts from it: content never goes from one registry to another so. */
const neighbours = (repository: Repository, from: ImageStore.Readable | undefined): ReadonlyArray<Repository> =>
  from !== undefined && "repository" in from && from.repository instanceof Repository &&
    from.repository.host === repository.host && from.repository.path !== repository.path
    ? [from.repository]
    : []
