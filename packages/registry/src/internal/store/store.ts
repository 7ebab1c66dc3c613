/** An image store in a repository. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FastPath from "@ociman/oci/author/FastPath"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import type * as ImageStore from "@ociman/oci/ImageStore"
import * as MediaType from "@ociman/oci/MediaType"
import * as Reference from "@ociman/oci/Reference"
import type { Tag } from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { PushBlobOptions, PushManifestOptions, Service } from "../../Registry.js"
import { Repository } from "../../Repository.js"
import { text } from "../http/responses.js"
import * as storeErrors from "./errors.js"
import { recentDocuments } from "./recentDocuments.js"

type Store = ImageStore.Store

type Blob = Descriptor.Descriptor

export interface Dependencies {
  readonly registry: Service
  readonly hasher: Tag.Service<typeof Hasher.Hasher>
  readonly fs: FileSystem.FileSystem
  readonly repository: Repository
}

interface Context extends Dependencies {
  readonly name: string
  readonly errors: ReturnType<typeof storeErrors.make>
  readonly recent: ReturnType<typeof recentDocuments>
  /** Digests that the registry reported as missing; they are uploaded even if it claims to have them. */
  readonly missing: Set<string>
}

const isTag = Schema.is(Reference.Tag)

const manifestLimit = { name: "manifest or index", limit: 4 * 1024 * 1024 }

const chunkSize = 1024 * 1024

const isDocument = ({ mediaType }: Blob): boolean => MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)

const supportedDigest = ({ digest }: Blob) =>
  Digest.isDigest(digest) ? Effect.succeed(digest) : new ContentError.UnsupportedDigest({ digest })

/** Returns the repository of another store if the registry can mount blobs from it. */
const mountSources = (
  repository: Repository,
  from: ImageStore.Readable | undefined
): ReadonlyArray<Repository> =>
  from !== undefined && "repository" in from && from.repository instanceof Repository &&
    from.repository.host === repository.host && from.repository.path !== repository.path
    ? [from.repository]
    : []

const fetchDocument = ({ errors, recent, registry, repository }: Context, descriptor: Blob, digest: Digest.Digest) =>
  Option.match(recent.get(digest), {
    onSome: (content) => Effect.succeed(content),
    onNone: () =>
      Effect.map(
        errors.mapErrors("read", digest, registry.fetchManifest(repository, digest)),
        ({ bytes }) => recent.keep(descriptor, bytes)
      )
  })

const fetchUnverified = (
  context: Context,
  descriptor: Blob
): Stream.Stream<Uint8Array, ContentError.ContentError> => {
  const { errors, registry, repository } = context
  return descriptor.data === undefined
    ? Stream.unwrap(Effect.map(supportedDigest(descriptor), (digest) =>
      isDocument(descriptor)
        ? Stream.fromEffect(Effect.map(fetchDocument(context, descriptor, digest), ({ bytes }) => bytes))
        : errors.mapStreamErrors("read", digest, registry.fetchBlobRange(repository, digest, { offset: 0 }))))
    : Stream.make(descriptor.data)
}

const fetchBytes = (
  context: Context,
  descriptor: Blob
): Effect.Effect<Uint8Array, ContentError.ContentError> => {
  const { errors, registry, repository } = context
  return descriptor.data === undefined
    ? Effect.flatMap(
      supportedDigest(descriptor),
      (digest): Effect.Effect<Uint8Array, ContentError.ContentError> =>
        isDocument(descriptor)
          ? Effect.map(fetchDocument(context, descriptor, digest), ({ bytes }) => bytes)
          : errors.mapErrors("read", digest, registry.fetchBlobBytes(repository, descriptor))
    )
    : Effect.succeed(descriptor.data)
}

const fetchFrom = ({ errors, registry, repository }: Context, descriptor: Blob, offset: number) =>
  Stream.unwrap(Effect.map(supportedDigest(descriptor), (digest) => {
    const range = { offset, length: descriptor.size - offset }
    return errors.mapStreamErrors("read", digest, registry.fetchBlobRange(repository, digest, range))
  }))

const sizeOf = ({ registry, repository }: Context, descriptor: Blob, digest: Digest.Digest) =>
  isDocument(descriptor)
    ? Effect.map(
      registry.statManifest(repository, digest),
      Option.map(({ size }) => Option.some(size))
    )
    : Effect.map(registry.statBlob(repository, digest), Option.map(({ size }) => size))

const exists = (context: Context, descriptor: Blob): Effect.Effect<boolean, ContentError.ContentError> => {
  const { digest, size } = descriptor
  return Digest.isDigest(digest)
    ? Effect.map(
      context.errors.mapErrors("look for", digest, sizeOf(context, descriptor, digest)),
      // If the registry does not report the size of a blob, its existence is sufficient.
      Option.exists(Option.match({ onNone: () => true, onSome: (actual) => actual === size }))
    )
    : Effect.succeed(false)
}

const resolve = ({ errors, registry, repository }: Context, name: string) =>
  Effect.gen(function*() {
    if (!isTag(name) && !Digest.isDigest(name)) return yield* errors.notFound(name)
    const found = yield* errors.mapErrors("look for", name, registry.statManifest(repository, name))
    return Option.isSome(found) ? found.value : yield* errors.notFound(name)
  })

/** Stores a document, and records the contents that the registry then reports as missing. */
const putDocument = (
  { errors, missing, registry, repository }: Context,
  operation: string,
  digest: Digest.Digest,
  content: Content.Content<unknown>,
  options?: PushManifestOptions
) =>
  errors.mapErrors(
    operation,
    digest,
    Effect.tapError(registry.pushManifest(repository, content, options), (error) =>
      Effect.sync(() => {
        for (const other of storeErrors.missingContents(error, digest, () => text(content.bytes))) missing.add(other)
      }))
  )

const pushDocument = <E>(
  context: Context,
  descriptor: Blob,
  digest: Digest.Digest,
  content: Stream.Stream<Uint8Array, E>
): Effect.Effect<ImageStore.Pushed, ContentError.ContentError | E> =>
  Effect.gen(function*() {
    const { hasher, missing, recent } = context
    if (!missing.has(digest) && (yield* exists(context, descriptor))) return "Present"
    const collected = Content.collect(content, descriptor, manifestLimit)
    const bytes = yield* Effect.provideService(collected, Hasher.Hasher, hasher)
    yield* putDocument(context, "store", digest, recent.keep(descriptor, bytes))
    missing.delete(digest)
    return "Pushed"
  })

const pushBlob = <E>(
  { errors, missing, repository }: Context,
  digest: Digest.Digest,
  { from }: ImageStore.PushOptions,
  push: (options: PushBlobOptions) => Effect.Effect<ImageStore.Pushed, E>
) =>
  errors.mapErrors(
    "store",
    digest,
    Effect.tap(
      push({ from: mountSources(repository, from), force: missing.has(digest) }),
      () => Effect.sync(() => missing.delete(digest))
    )
  )

const push = <E>(
  context: Context,
  descriptor: Blob,
  content: Stream.Stream<Uint8Array, E>,
  options: ImageStore.PushOptions = {}
): Effect.Effect<ImageStore.Pushed, ContentError.ContentError | E> =>
  Effect.flatMap(
    supportedDigest(descriptor),
    (digest): Effect.Effect<ImageStore.Pushed, ContentError.ContentError | E> =>
      isDocument(descriptor)
        ? pushDocument(context, descriptor, digest, content)
        : pushBlob(
          context,
          digest,
          options,
          (pushOptions) => context.registry.pushBlob(context.repository, descriptor, content, pushOptions)
        )
  )

const pushBytes = <E>(
  context: Context,
  descriptor: Blob,
  bytes: Effect.Effect<Uint8Array, E>,
  options: ImageStore.PushOptions = {}
): Effect.Effect<ImageStore.Pushed, ContentError.ContentError | E> =>
  isDocument(descriptor)
    ? push(context, descriptor, Stream.fromEffect(bytes), options)
    : Effect.flatMap(supportedDigest(descriptor), (digest) =>
      pushBlob(context, digest, options, (pushOptions) =>
        context.registry.pushBlobBytes(context.repository, descriptor, bytes, pushOptions)))

const receive = (context: Context): Store["receive"] => (produce) =>
  Effect.scoped(Effect.gen(function*() {
    const { errors, fs } = context
    const directory = yield* TemporaryDirectory.makeScoped({ prefix: "ociman-upload-" }).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.mapError(errors.spoolFailed)
    )
    const path = `${directory}/content`
    const [descriptor, result] = yield* produce(Sink.mapError(fs.sink(path), errors.spoolFailed))
    yield* push(context, descriptor, Stream.mapError(fs.stream(path, { chunkSize }), errors.spoolFailed))
    return result
  }))

const tag = (
  context: Context,
  descriptor: Blob,
  name: string
): Effect.Effect<void, ContentError.ContentError> =>
  Effect.gen(function*() {
    const { errors } = context
    if (!isTag(name)) {
      return yield* errors.unsupported(`tag ${descriptor.digest}`, `${JSON.stringify(name)} is not a tag`)
    }
    const digest = yield* supportedDigest(descriptor)
    const content = yield* fetchDocument(context, descriptor, digest)
    if (content.bytes.length !== descriptor.size) return yield* errors.notFound(digest)
    yield* putDocument(context, "tag", digest, content, { tags: [name] })
  })

const remove = (
  { errors, recent, registry, repository }: Context,
  descriptor: Blob
): Effect.Effect<void, ContentError.ContentError> =>
  Effect.flatMap(supportedDigest(descriptor), (digest): Effect.Effect<void, ContentError.ContentError> => {
    if (!isDocument(descriptor)) return errors.mapErrors("delete", digest, registry.deleteBlob(repository, digest))
    recent.forget(digest)
    return errors.mapErrors("delete", digest, registry.deleteManifest(repository, digest))
  })

export const make = (dependencies: Dependencies): Store & { readonly repository: Repository } => {
  const { hasher, registry, repository } = dependencies
  const name = String(repository)
  const errors = storeErrors.make(name)
  const context: Context = { ...dependencies, name, errors, recent: recentDocuments(), missing: new Set() }
  const fetch: Store["fetch"] = (descriptor) =>
    Stream.provideService(Content.verify(descriptor)(fetchUnverified(context, descriptor)), Hasher.Hasher, hasher)
  return {
    name,
    repository,
    fetch: FastPath.attachFetch(fetch, {
      unverified: (descriptor) => fetchUnverified(context, descriptor),
      bytes: (descriptor) => fetchBytes(context, descriptor),
      from: (descriptor, offset) => fetchFrom(context, descriptor, offset)
    }),
    exists: (descriptor) => exists(context, descriptor),
    resolve: (text) => resolve(context, text),
    push: FastPath.attachPush((descriptor, content, options) => push(context, descriptor, content, options), {
      consumesBuffers: registry.writesAtOnce === true,
      bytes: (descriptor, bytes, options) => pushBytes(context, descriptor, bytes, options)
    }),
    receive: receive(context),
    tag: (descriptor, name) => tag(context, descriptor, name),
    untag: (text) =>
      isTag(text) ? errors.mapErrors("untag", text, registry.untag(repository, text)) : errors.notFound(text),
    delete: (descriptor) => remove(context, descriptor),
    // A repository without tags need not exist.
    names: Stream.catchTag(
      errors.mapStreamErrors("list the tags of", name, registry.tags(repository)),
      "ContentNotFound",
      () => Stream.empty
    ),
    referrers: (subject, options) =>
      Stream.unwrap(
        Effect.map(supportedDigest(subject), (digest) =>
          errors.mapStreamErrors("list the referrers of", digest, registry.referrers(repository, digest, options)))
      )
  }
}
