/** State of a registry client, and the registries and mirrors that its operations contact. */
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import type * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import type { Tag } from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TokenScope from "../../author/TokenScope.js"
import type { Found } from "../../Credential.js"
import type { RegistryError } from "../../RegistryError.js"
import * as Repository from "../../Repository.js"
import type { Target } from "../authentication/authenticator.js"
import * as streams from "../byteStreams.js"
import * as responses from "../http/responses.js"
import type { Response } from "../http/transport.js"
import type { KeyedSemaphore } from "../keyedSemaphore.js"
import type * as blobs from "./blobs.js"
import type { Endpoints } from "./endpoints.js"
import type { Limits } from "./limits.js"
import type { RemoteRepository } from "./manifests.js"
import type { ReferrersState } from "./referrers.js"
import type { Client, Settings as RequestSettings } from "./requests.js"

type Scopes = ReadonlyArray<TokenScope.TokenScope>

/** Options of a client with their defaults. */
export interface Settings {
  readonly requests: RequestSettings
  readonly chunkSize: number
  readonly parts: blobs.Parts
  readonly limits: Readonly<Record<string, Partial<Limits>>>
  readonly mirrors: Readonly<
    Record<string, ReadonlyArray<{ readonly host: string; readonly isProxy?: boolean | undefined }>>
  >
  readonly writesAtOnce: boolean
}

export interface Connection {
  readonly requests: Client
  readonly endpoints: Endpoints
}

/** Lookup of credentials. */
export interface CredentialLookup {
  readonly resolve: (key: Repository.RegistryKey) => Effect.Effect<Option.Option<Found>>
}

export interface Context extends Connection {
  readonly settings: Settings
  readonly hasher: Tag.Service<typeof Hasher.Hasher>
  /** Creates a connection that authenticates with other credentials. */
  readonly connect: (credentials: CredentialLookup) => Effect.Effect<Connection>
  readonly missingBlobs: MissingBlobs
  readonly referrers: ReferrersState
  readonly rejectedSizes: Map<string, number>
  /** Serializes pushes of the same blob. */
  readonly serialized: KeyedSemaphore
}

export const pullScopes = ({ path }: Repository.Repository): Scopes => [TokenScope.repository(path, ["pull"])]

export const pushScopes = (
  { path }: Repository.Repository,
  mountSources: ReadonlyArray<Repository.Repository> = []
): Scopes => [
  TokenScope.repository(path, ["pull", "push"]),
  ...mountSources.map(({ path }) => TokenScope.repository(path, ["pull"]))
]

export const deleteScopes = ({ path }: Repository.Repository): Scopes => [
  TokenScope.repository(path, ["delete", "pull"])
]

/** Attributes of a span. */
export const attributes = (
  to: Repository.Repository | Repository.RegistryKey,
  more: Readonly<Record<string, unknown>> = {}
) => ({
  captureStackTrace: false,
  attributes: { registry: to.host, repository: to.path, ...more }
})

const targetOf = ({ endpoints }: Context, repository: Repository.Repository, scopes: Scopes) =>
  endpoints.target(Repository.key(repository), scopes)

export const blobAt = (
  { requests }: Context,
  target: Target,
  { path }: Repository.Repository,
  digest: Digest.Digest
): blobs.RemoteBlob => ({ client: requests, target, repository: path, digest })

export const blobOf = (
  context: Context,
  repository: Repository.Repository,
  digest: Digest.Digest,
  scopes: Scopes
): Effect.Effect<blobs.RemoteBlob, RegistryError> =>
  Effect.map(targetOf(context, repository, scopes), (target) => blobAt(context, target, repository, digest))

export const repositoryAt = (
  { hasher, requests }: Context,
  target: Target,
  { path }: Repository.Repository
): RemoteRepository => ({ client: requests, hasher, target, path })

export const repositoryOf = (
  context: Context,
  repository: Repository.Repository,
  scopes: Scopes
): Effect.Effect<RemoteRepository, RegistryError> =>
  Effect.map(targetOf(context, repository, scopes), (target) => repositoryAt(context, target, repository))

/** Returns the mirrors of a repository. */
const mirrorsOf = (
  { endpoints, settings }: Context,
  repository: Repository.Repository
): Effect.Effect<ReadonlyArray<Target>, RegistryError> =>
  Effect.forEach(settings.mirrors[repository.host] ?? [], ({ host, isProxy = false }) =>
    Effect.map(
      endpoints.target(new Repository.RegistryKey({ host, path: repository.path }), pullScopes(repository)),
      (target) => isProxy ? { ...target, namespace: repository.host } : target
    ))

/** Returns the first result found on the mirrors or the registry. Ignores errors of mirrors. */
export const findFirst = <A, E>(
  context: Context,
  repository: Repository.Repository,
  find: (target: Target) => Effect.Effect<Option.Option<A>, E>
): Effect.Effect<Option.Option<A>, E | RegistryError> =>
  Effect.gen(function*() {
    for (const mirror of yield* mirrorsOf(context, repository)) {
      const found = yield* Effect.orElseSucceed(find(mirror), () => Option.none<A>())
      if (Option.isSome(found)) return found
    }
    return yield* find(yield* targetOf(context, repository, pullScopes(repository)))
  })

/** Returns the first success on the mirrors or the registry. Ignores errors of mirrors. */
export const fetchFirst = <A, E>(
  context: Context,
  repository: Repository.Repository,
  fetch: (target: Target) => Effect.Effect<A, E>
): Effect.Effect<A, E | RegistryError> =>
  Effect.gen(function*() {
    for (const mirror of yield* mirrorsOf(context, repository)) {
      const fetched = yield* Effect.option(fetch(mirror))
      if (Option.isSome(fetched)) return fetched.value
    }
    return yield* fetch(yield* targetOf(context, repository, pullScopes(repository)))
  })

/** Continues with another stream if the first one fails before its first element. */
const orElse = <E, E2>(
  bytes: Stream.Stream<Uint8Array, E>,
  otherwise: Stream.Stream<Uint8Array, E2>
): Stream.Stream<Uint8Array, E | E2> =>
  Stream.suspend(() => {
    let hasBegun = false
    return bytes.pipe(
      streams.count(() => {
        hasBegun = true
      }),
      Stream.catchAll((error): Stream.Stream<Uint8Array, E | E2> => hasBegun ? Stream.fail(error) : otherwise)
    )
  })

/** Streams the bytes from the first of the mirrors and the registry that sends any. */
export const streamFirst = <E>(
  context: Context,
  repository: Repository.Repository,
  open: (target: Target) => Stream.Stream<Uint8Array, E>
): Stream.Stream<Uint8Array, E | RegistryError> =>
  Stream.unwrap(Effect.gen(function*() {
    const own = open(yield* targetOf(context, repository, pullScopes(repository)))
    const mirrors = yield* mirrorsOf(context, repository)
    return mirrors.reduceRight((otherwise, mirror) => orElse(open(mirror), otherwise), own)
  }))

/** Verifies a stream of bytes. */
export const verifyStream = ({ hasher }: Context, descriptor: Descriptor.Descriptor) =>
<E>(
  bytes: Stream.Stream<Uint8Array, E>
): Stream.Stream<Uint8Array, E | Content.VerifyError> =>
  Stream.provideService(Content.verify(descriptor)(bytes), Hasher.Hasher, hasher)

/** Verifies bytes. */
export const verifyBytes = <E>(
  { hasher }: Context,
  descriptor: Descriptor.Descriptor,
  bytes: Effect.Effect<Uint8Array, E>
): Effect.Effect<Uint8Array, E | Content.VerifyError> =>
  Effect.tap(bytes, (bytes) => Effect.provideService(Content.verifyBytes(descriptor, bytes), Hasher.Hasher, hasher))

/** Observes responses, and explains damaged content by the content encoding of the last one. */
export const encodingObserver = () => {
  let last: Response | undefined
  return {
    onResponse: (response: Response): void => {
      last = response
    },
    explain: <E>(error: E) =>
      last !== undefined && responses.isEncoded(last) && ContentError.isDamage(error) ? responses.encoded(last) : error
  }
}

/** Maximum number of remembered blobs. */
const capacity = 10_000

/** Blobs that did not exist a moment ago; a push need not look for them again. */
export interface MissingBlobs {
  readonly note: (repository: Repository.Repository, digest: Digest.Digest, isMissing: boolean) => void
  /** Forgets a blob, and returns if it was missing. A failed push may have created it. */
  readonly take: (repository: Repository.Repository, digest: Digest.Digest) => boolean
}

export const makeMissingBlobs = (): MissingBlobs => {
  const missing = new Set<string>()
  const key = (repository: Repository.Repository, digest: Digest.Digest) => `${repository}@${digest}`
  return {
    note: (repository, digest, isMissing) => {
      if (isMissing && missing.size < capacity) missing.add(key(repository, digest))
      else missing.delete(key(repository, digest))
    },
    take: (repository, digest) => missing.delete(key(repository, digest))
  }
}
