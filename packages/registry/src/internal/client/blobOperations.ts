/** Operations of a registry client on blobs. */
import type * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import type { Repository } from "../../Repository.js"
import type { Target } from "../authentication/authenticator.js"
import * as blobs from "./blobs.js"
import {
  attributes,
  blobAt,
  blobOf,
  type Context,
  deleteScopes,
  encodingObserver,
  fetchFirst,
  findFirst,
  pushScopes,
  streamFirst,
  verifyBytes,
  verifyStream
} from "./context.js"
import { limitsOf } from "./limits.js"
import type { ReadError } from "./manifests.js"
import * as uploads from "./uploads.js"
import * as sessions from "./uploadSessions.js"

export interface Range {
  readonly offset: number
  readonly length?: number | undefined
}

export interface PushOptions {
  readonly from?: ReadonlyArray<Repository> | undefined
  readonly force?: boolean | undefined
}

type Pushed = "Mounted" | "Present" | "Pushed"

export const stat = (context: Context, repository: Repository, digest: Digest.Digest) =>
  findFirst(context, repository, (target) => blobs.stat(blobAt(context, target, repository, digest))).pipe(
    Effect.tap((found) => Effect.sync(() => context.missingBlobs.note(repository, digest, Option.isNone(found)))),
    Effect.withSpan("Registry.statBlob", attributes(repository, { digest }))
  )

export const fetch = (
  context: Context,
  repository: Repository,
  descriptor: Descriptor.Descriptor
): Stream.Stream<Uint8Array, ReadError> => {
  const { digest, size } = descriptor
  const bytes = Stream.suspend((): Stream.Stream<Uint8Array, ReadError> => {
    if (!Digest.isDigest(digest)) return Stream.fail(new ContentError.UnsupportedDigest({ digest }))
    const { explain, onResponse } = encodingObserver()
    const all = streamFirst(context, repository, (target) =>
      blobs.fetchParts(
        { ...blobAt(context, target, repository, digest), onResponse },
        { offset: 0, length: size },
        context.settings.parts,
        size
      ))
    return Stream.mapError(verifyStream(context, descriptor)(all), explain)
  })
  return Stream.withSpan(bytes, "Registry.fetchBlob", attributes(repository, { digest }))
}

export const fetchBytes = (
  context: Context,
  repository: Repository,
  descriptor: Descriptor.Descriptor
): Effect.Effect<Uint8Array, ReadError> =>
  Effect.gen(function*() {
    const { digest, size } = descriptor
    if (!Digest.isDigest(digest)) return yield* new ContentError.UnsupportedDigest({ digest })
    return yield* fetchFirst(context, repository, (target: Target) => {
      const { explain, onResponse } = encodingObserver()
      const bytes = blobs.fetchAll({ ...blobAt(context, target, repository, digest), onResponse }, size)
      return Effect.mapError(verifyBytes(context, descriptor, bytes), explain)
    })
  }).pipe(Effect.withSpan("Registry.fetchBlobBytes", attributes(repository, { digest: descriptor.digest })))

export const fetchRange = (
  context: Context,
  repository: Repository,
  digest: Digest.Digest,
  range: Range
): Stream.Stream<Uint8Array, RegistryError> =>
  streamFirst(
    context,
    repository,
    (target) => blobs.fetchRange(blobAt(context, target, repository, digest), range, context.settings.parts)
  ).pipe(Stream.withSpan("Registry.fetchBlobRange", attributes(repository, { digest })))

const uploadOf = (
  { rejectedSizes, settings }: Context,
  blob: blobs.RemoteBlob,
  { host }: Repository,
  size: number
): sessions.Upload => ({
  ...blob,
  size,
  chunkSize: Math.min(settings.chunkSize, limitsOf(settings.limits, host).largestChunk),
  rejectedSizes
})

/** Mounts the blob from the first repository possible. Otherwise returns a session that the registry opened, if any. */
const mountFirst = (upload: sessions.Upload, from: ReadonlyArray<Repository>) =>
  Effect.gen(function*() {
    for (const { path } of from) {
      const mounted = yield* Effect.catchAll(sessions.mount(upload, path), () => Effect.succeedNone)
      if (mounted === "Mounted" || Option.isSome(mounted)) return mounted
    }
    return Option.none<sessions.Session>()
  })

/** Checks if a blob exists in the repository. Not if it was missing a moment ago, or is uploaded in any case. */
const isPresent = (
  { missingBlobs }: Context,
  blob: blobs.RemoteBlob,
  repository: Repository,
  { force, size }: { readonly force: boolean; readonly size: number }
): Effect.Effect<boolean> =>
  missingBlobs.take(repository, blob.digest) || force
    ? Effect.succeed(false)
    : blobs.statByHead(blob).pipe(
      Effect.map((found) =>
        found !== "Unknown" && Option.exists(found, (stat) => Option.getOrElse(stat.size, () => size) === size)
      ),
      Effect.orElseSucceed(() => false)
    )

/** Pushes a blob by a function, unless it exists or can be mounted. */
const pushWith = <E>(
  context: Context,
  repository: Repository,
  descriptor: Descriptor.Descriptor,
  { force = false, from = [] }: PushOptions,
  send: (upload: sessions.Upload, opened: Option.Option<sessions.Session>) => Effect.Effect<void, E>
): Effect.Effect<Pushed, ContentError.UnsupportedDigest | E | RegistryError> =>
  Effect.gen(function*() {
    const { digest, size } = descriptor
    if (!Digest.isDigest(digest)) return yield* new ContentError.UnsupportedDigest({ digest })
    const sources = force ? [] : from.filter(({ host, path }) => host === repository.host && path !== repository.path)
    const blob = yield* blobOf(context, repository, digest, pushScopes(repository))
    if (yield* isPresent(context, blob, repository, { force, size })) return "Present" as const
    const upload = uploadOf(context, blob, repository, size)
    const mounting = { ...upload, target: { ...blob.target, scopes: pushScopes(repository, sources) } }
    const opened = yield* mountFirst(mounting, sources)
    if (opened === "Mounted") return "Mounted" as const
    yield* send(upload, opened)
    return "Pushed" as const
  }).pipe(
    // Concurrent uploads of the same blob are redundant, and registries hide a blob while it is replaced.
    context.serialized(`${repository}@${descriptor.digest}`),
    Effect.withSpan("Registry.pushBlob", attributes(repository, { digest: descriptor.digest }))
  )

export const push = <E>(
  context: Context,
  repository: Repository,
  descriptor: Descriptor.Descriptor,
  content: Stream.Stream<Uint8Array, E>,
  options: PushOptions = {}
): Effect.Effect<Pushed, Content.VerifyError | E | RegistryError> =>
  pushWith(
    context,
    repository,
    descriptor,
    options,
    (upload, opened) => uploads.push(upload, verifyStream(context, descriptor)(content), opened)
  )

export const pushBytes = <E>(
  context: Context,
  repository: Repository,
  descriptor: Descriptor.Descriptor,
  bytes: Effect.Effect<Uint8Array, E>,
  options: PushOptions = {}
): Effect.Effect<Pushed, Content.VerifyError | E | RegistryError> =>
  pushWith(
    context,
    repository,
    descriptor,
    options,
    (upload, opened) => uploads.pushBytes(upload, verifyBytes(context, descriptor, bytes), opened)
  )

export const mount = (
  context: Context,
  repository: Repository,
  digest: Digest.Digest,
  from: Repository
): Effect.Effect<boolean, RegistryError> =>
  Effect.gen(function*() {
    if (from.host !== repository.host) return false
    const blob = yield* blobOf(context, repository, digest, pushScopes(repository, [from]))
    const upload = uploadOf(context, blob, repository, 0)
    const mounted = yield* sessions.mount(upload, from.path)
    if (mounted === "Mounted") return true
    if (Option.isSome(mounted)) yield* sessions.cancel(upload, mounted.value)
    return false
  }).pipe(Effect.withSpan("Registry.mountBlob", attributes(repository, { digest, from: from.path })))

export const remove = (
  context: Context,
  repository: Repository,
  digest: Digest.Digest
): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(blobOf(context, repository, digest, deleteScopes(repository)), blobs.remove).pipe(
    Effect.withSpan("Registry.deleteBlob", attributes(repository, { digest }))
  )
