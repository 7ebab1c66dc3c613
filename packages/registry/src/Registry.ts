/**
 * Client of OCI registries: the distribution protocol.
 *
 * Content is verified before it is used, and manifests keep their exact bytes. Requests that fail temporarily are
 * retried, and all requests to a host slow down together when it asks for it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Content from "@ociman/oci/Content"
import type * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import type * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as ImageIndex from "@ociman/oci/ImageIndex"
import type * as ImageManifest from "@ociman/oci/ImageManifest"
import type * as MediaType from "@ociman/oci/MediaType"
import type * as Reference from "@ociman/oci/Reference"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Credential } from "./Credential.js"
import * as Credentials from "./Credentials.js"
import type { Settings } from "./internal/client/context.js"
import * as service from "./internal/client/service.js"
import type { CredentialsError, RegistryError } from "./RegistryError.js"
import type { RegistryKey, Repository } from "./Repository.js"
import * as SecurityPolicy from "./SecurityPolicy.js"

/**
 * Name of a manifest in a repository: a tag or a digest.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = Reference.Tag | Digest.Digest

/**
 * Properties of a blob, without its content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stat {
  readonly digest: Digest.Digest
  /** Size in bytes, if the registry reports it. */
  readonly size: Option.Option<number>
}

/**
 * A decoded manifest or index. Documents of other types, and malformed ones, are not decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type Document =
  | { readonly _tag: "Manifest"; readonly manifest: ImageManifest.ImageManifest }
  | { readonly _tag: "Index"; readonly index: ImageIndex.ImageIndex }

/**
 * A manifest: its bytes, their descriptor, and the decoded document.
 *
 * @since 0.1.0
 * @category models
 */
export interface Manifest extends Content.Content<Option.Option<Document>> {}

/**
 * Result of pushing a blob: `Pushed` if it was uploaded, `Present` if it already existed, `Mounted` if the registry
 * mounted it from another repository.
 *
 * @since 0.1.0
 * @category models
 */
export type Pushed = "Pushed" | "Present" | "Mounted"

/**
 * A range of bytes of a blob, to its end if `length` is not given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  /** Offset of the first byte. */
  readonly offset: number
  /** Number of bytes. Default: up to the end. */
  readonly length?: number | undefined
}

/**
 * Options of pushing a blob.
 *
 * @since 0.1.0
 * @category models
 */
export interface PushBlobOptions {
  /** Repositories of the same registry from which the blob may be mounted. Default: none. */
  readonly from?: ReadonlyArray<Repository> | undefined
  /** If true, uploads without checking for or mounting an existing blob. Default: false. */
  readonly force?: boolean | undefined
}

/**
 * Options of pushing a manifest.
 *
 * @since 0.1.0
 * @category models
 */
export interface PushManifestOptions {
  /** Tags of the manifest. Default: none; it is stored under its digest. */
  readonly tags?: ReadonlyArray<Reference.Tag> | undefined
}

/**
 * Options of listing tags or repositories.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /** Maximum number of names on a page. Default: chosen by the registry. */
  readonly pageSize?: number | undefined
}

/**
 * Options of listing referrers.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReferrersOptions {
  /** Lists only referrers of this type. Default: all. */
  readonly artifactType?: MediaType.MediaType | undefined
}

/**
 * Options of {@link ping}.
 *
 * @since 0.1.0
 * @category models
 */
export interface PingOptions {
  /** Credential to authenticate with. Default: the one that `Credentials` finds for the registry. */
  readonly credential?: Credential | undefined
}

/**
 * Options of {@link login}.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions extends Credentials.StoreOptions {
  /** If true, the credential is stored only if the registry accepts it. Default: true. */
  readonly verify?: boolean | undefined
}

/**
 * Errors of operations that read content.
 *
 * @since 0.1.0
 * @category errors
 */
export type ReadError = RegistryError | Content.VerifyError

/**
 * Operations on registries.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Checks that the registry can be reached, implements the protocol, and accepts the credential. */
  readonly ping: (registry: RegistryKey, options?: PingOptions) => Effect.Effect<void, RegistryError>
  /** Lists the repositories of a registry, without duplicates, loading pages on demand. Few registries support it. */
  readonly catalog: (registry: RegistryKey, options?: ListOptions) => Stream.Stream<string, RegistryError>
  /** Lists the tags of a repository in the order of the registry, without duplicates, loading pages on demand. */
  readonly tags: (repository: Repository, options?: ListOptions) => Stream.Stream<Reference.Tag, RegistryError>

  /** Returns the properties of a blob, if it exists. */
  readonly statBlob: (
    repository: Repository,
    digest: Digest.Digest
  ) => Effect.Effect<Option.Option<Stat>, RegistryError>
  /**
   * Streams the bytes of a blob and verifies them: the stream fails at its end if they do not match the descriptor.
   * Resumes after a lost connection.
   */
  readonly fetchBlob: (
    repository: Repository,
    descriptor: Descriptor.Descriptor
  ) => Stream.Stream<Uint8Array, ReadError>
  /** Reads and verifies a small blob at once, which is cheaper than a stream. */
  readonly fetchBlobBytes: (
    repository: Repository,
    descriptor: Descriptor.Descriptor
  ) => Effect.Effect<Uint8Array, ReadError>
  /** Streams a range of a blob, unverified. It is shorter than requested only if the blob ends before. */
  readonly fetchBlobRange: (
    repository: Repository,
    digest: Digest.Digest,
    range: Range
  ) => Stream.Stream<Uint8Array, RegistryError>
  /** If true, `pushBlob` consumes each element of its stream before pulling the next, so that buffers may be reused. */
  readonly writesAtOnce?: boolean
  /**
   * Stores a verified blob, or nothing. Does not upload an existing blob. Runs the stream again after a lost
   * connection, and fails if its content has changed.
   */
  readonly pushBlob: <E>(
    repository: Repository,
    descriptor: Descriptor.Descriptor,
    content: Stream.Stream<Uint8Array, E>,
    options?: PushBlobOptions
  ) => Effect.Effect<Pushed, E | ReadError>
  /** Stores a small blob like `pushBlob`. Runs `bytes` only if they must be uploaded. */
  readonly pushBlobBytes: <E>(
    repository: Repository,
    descriptor: Descriptor.Descriptor,
    bytes: Effect.Effect<Uint8Array, E>,
    options?: PushBlobOptions
  ) => Effect.Effect<Pushed, E | ReadError>
  /** Mounts a blob from another repository of the registry. Returns false if the registry does not. */
  readonly mountBlob: (
    repository: Repository,
    digest: Digest.Digest,
    from: Repository
  ) => Effect.Effect<boolean, RegistryError>
  /** Deletes a blob from a repository. */
  readonly deleteBlob: (repository: Repository, digest: Digest.Digest) => Effect.Effect<void, RegistryError>

  /** Returns the descriptor of a manifest, if it exists. */
  readonly statManifest: (
    repository: Repository,
    name: Name
  ) => Effect.Effect<Option.Option<Descriptor.Descriptor>, ReadError>
  /** Fetches a manifest of at most 4 MiB. Verifies it against the digest, if that is its name. */
  readonly fetchManifest: (repository: Repository, name: Name) => Effect.Effect<Manifest, ReadError>
  /**
   * Stores the exact bytes of a manifest under its digest and all tags. Contents that it references must exist already,
   * except its subject. Updates the referrers tag of the subject if the registry has no referrers API.
   */
  readonly pushManifest: (
    repository: Repository,
    manifest: Content.Content<unknown>,
    options?: PushManifestOptions
  ) => Effect.Effect<void, ReadError | ContentError.InvalidDocument>
  /** Deletes a manifest with all its tags. */
  readonly deleteManifest: (
    repository: Repository,
    digest: Digest.Digest
  ) => Effect.Effect<void, ReadError | ContentError.InvalidDocument>
  /** Removes a tag and keeps the manifest. Not every registry supports it. */
  readonly untag: (repository: Repository, tag: Reference.Tag) => Effect.Effect<void, RegistryError>
  /** Lists the manifests and indexes whose subject has this digest. */
  readonly referrers: (
    repository: Repository,
    subject: Digest.Digest,
    options?: ReferrersOptions
  ) => Stream.Stream<Descriptor.Descriptor, ReadError>
}

/**
 * The registry client.
 *
 * @since 0.1.0
 * @category tags
 */
export class Registry extends Context.Tag("@ociman/registry/Registry")<Registry, Service>() {}

/**
 * A mirror of a registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mirror {
  /** Host name of the mirror as in references. It has credentials of its own. */
  readonly host: string
  /** If true, sends the name of the mirrored registry in the query parameter `ns`. Default: false. */
  readonly isProxy?: boolean | undefined
}

/**
 * Limits of a registry that it does not announce.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Maximum size of a chunk of an upload in bytes; 0 if chunked uploads are not supported. Default: unlimited. */
  readonly largestChunk?: number
  /** Maximum number of names on a page of a list. Default: unlimited. */
  readonly largestPage?: number
}

/**
 * Options of a registry client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Rules for the URLs that registries may point to. Default: `SecurityPolicy.defaults`. */
  readonly policy?: SecurityPolicy.SecurityPolicy | undefined
  /** Time limit from the end of a request to the headers of its response. Default: 1 minute. */
  readonly responseTimeout?: Duration.DurationInput | undefined
  /** Time limit without progress during a transfer. Default: 1 minute. */
  readonly stallTimeout?: Duration.DurationInput | undefined
  /**
   * Time limit for the body of a manifest, a page of a list or a token response. Default: 5 minutes. The limit for the
   * body of an error is `stallTimeout`.
   */
  readonly documentTimeout?: Duration.DurationInput | undefined
  /** Maximum number of retries after a temporary failure. Default: 5. */
  readonly retries?: number | undefined
  /** Delay before the first retry, doubled each time. Default: 250 milliseconds. */
  readonly retryDelay?: Duration.DurationInput | undefined
  /** Maximum delay. A request fails at once if the registry asks for a longer one. Default: 2 minutes. */
  readonly longestDelay?: Duration.DurationInput | undefined
  /** Chunk size in bytes for registries that do not accept a blob in one request. Default: 4 MiB. */
  readonly chunkSize?: number | undefined
  /**
   * Number of parts of a large blob that are fetched concurrently, for registries that limit the rate of a connection.
   * Parts are buffered in memory until their turn. Default: 1, a single request for the blob.
   */
  readonly parallelParts?: number | undefined
  /** Size of a part in bytes, see `parallelParts`. Default: 8 MiB. */
  readonly partSize?: number | undefined
  /** Limits of registries by host name; replaces the built-in ones of that host. */
  readonly limits?: Readonly<Record<string, Limits>> | undefined
  /** Mirrors by registry, asked first for manifests and blobs. Never pushed to. */
  readonly mirrors?: Readonly<Record<string, ReadonlyArray<Mirror>>> | undefined
  /**
   * If true, declares that the `HttpClient` consumes each element of a request body before pulling the next, as
   * `NodeRegistryHttp` does; files are then pushed with a single reused buffer. Default: false.
   */
  readonly writesAtOnce?: boolean | undefined
  /** Value of the `User-Agent` header. Default: `ociman`. */
  readonly userAgent?: string | undefined
}

/**
 * Creates a registry client. It keeps tokens and discovered properties of registries for its lifetime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, never, HttpClient.HttpClient | Credentials.Credentials | Hasher.Hasher> =>
  Effect.flatMap(Credentials.Credentials, (credentials) => service.make(settingsOf(options), credentials))

/**
 * Provides a registry client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<Registry, never, HttpClient.HttpClient | Credentials.Credentials | Hasher.Hasher> =>
  Layer.effect(Registry, make(options))

/**
 * Provides a registry client with options from configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<
  Registry,
  ConfigError.ConfigError,
  HttpClient.HttpClient | Credentials.Credentials | Hasher.Hasher
> => Layer.effect(Registry, Effect.flatMap(Config.unwrap(options), make))

/**
 * Provides a client of in-memory registries: an empty one per host name, without authentication.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Registry, never, Hasher.Hasher> = Layer.effect(
  Registry,
  Effect.suspend(() => service.makeMemory(settingsOf({})))
)

/**
 * Provides a test double with the given methods. Any other method dies with its own name when it is called.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (partial: Partial<Service>): Layer.Layer<Registry> => Layer.mock(Registry, partial)

/**
 * Checks that the registry can be reached, implements the protocol, and accepts the credential.
 *
 * @since 0.1.0
 * @category operations
 */
export const ping = (
  registry: RegistryKey,
  options?: PingOptions
): Effect.Effect<void, RegistryError, Registry> => Effect.flatMap(Registry, (_) => _.ping(registry, options))

/**
 * Verifies a credential at the registry, then stores it by `Credentials.login`. If the registry rejects it, fails with
 * the error of the registry and stores nothing.
 *
 * @since 0.1.0
 * @category operations
 */
export const login = (
  registry: RegistryKey,
  credential: Credential,
  { verify = true, ...options }: LoginOptions = {}
): Effect.Effect<Credentials.Stored, RegistryError | CredentialsError, Registry | Credentials.Credentials> =>
  Effect.zipRight(
    verify ? ping(registry, { credential }) : Effect.void,
    Credentials.login(registry, credential, options)
  )

/**
 * Lists the repositories of a registry.
 *
 * @since 0.1.0
 * @category operations
 */
export const catalog = (
  registry: RegistryKey,
  options?: ListOptions
): Stream.Stream<string, RegistryError, Registry> =>
  Stream.unwrap(Effect.map(Registry, (_) => _.catalog(registry, options)))

/**
 * Lists the tags of a repository.
 *
 * @since 0.1.0
 * @category operations
 */
export const tags = (
  repository: Repository,
  options?: ListOptions
): Stream.Stream<Reference.Tag, RegistryError, Registry> =>
  Stream.unwrap(Effect.map(Registry, (_) => _.tags(repository, options)))

/**
 * Returns the properties of a blob, if it exists.
 *
 * @since 0.1.0
 * @category operations
 */
export const statBlob = (
  repository: Repository,
  digest: Digest.Digest
): Effect.Effect<Option.Option<Stat>, RegistryError, Registry> =>
  Effect.flatMap(Registry, (_) => _.statBlob(repository, digest))

/**
 * Streams and verifies the bytes of a blob.
 *
 * @since 0.1.0
 * @category operations
 */
export const fetchBlob = (
  repository: Repository,
  descriptor: Descriptor.Descriptor
): Stream.Stream<Uint8Array, ReadError, Registry> =>
  Stream.unwrap(Effect.map(Registry, (_) => _.fetchBlob(repository, descriptor)))

/**
 * Reads and verifies a small blob at once.
 *
 * @since 0.1.0
 * @category operations
 */
export const fetchBlobBytes = (
  repository: Repository,
  descriptor: Descriptor.Descriptor
): Effect.Effect<Uint8Array, ReadError, Registry> =>
  Effect.flatMap(Registry, (_) => _.fetchBlobBytes(repository, descriptor))

/**
 * Streams a range of a blob, unverified.
 *
 * @since 0.1.0
 * @category operations
 */
export const fetchBlobRange = (
  repository: Repository,
  digest: Digest.Digest,
  range: Range
): Stream.Stream<Uint8Array, RegistryError, Registry> =>
  Stream.unwrap(Effect.map(Registry, (_) => _.fetchBlobRange(repository, digest, range)))

/**
 * Stores a verified blob, or nothing.
 *
 * @since 0.1.0
 * @category operations
 */
export const pushBlob = <E>(
  repository: Repository,
  descriptor: Descriptor.Descriptor,
  content: Stream.Stream<Uint8Array, E>,
  options?: PushBlobOptions
): Effect.Effect<Pushed, E | ReadError, Registry> =>
  Effect.flatMap(Registry, (_) => _.pushBlob(repository, descriptor, content, options))

/**
 * Stores a small verified blob, or nothing.
 *
 * @since 0.1.0
 * @category operations
 */
export const pushBlobBytes = <E>(
  repository: Repository,
  descriptor: Descriptor.Descriptor,
  bytes: Effect.Effect<Uint8Array, E>,
  options?: PushBlobOptions
): Effect.Effect<Pushed, E | ReadError, Registry> =>
  Effect.flatMap(Registry, (_) => _.pushBlobBytes(repository, descriptor, bytes, options))

/**
 * Mounts a blob from another repository of the registry. Returns false if the registry does not.
 *
 * @since 0.1.0
 * @category operations
 */
export const mountBlob = (
  repository: Repository,
  digest: Digest.Digest,
  from: Repository
): Effect.Effect<boolean, RegistryError, Registry> =>
  Effect.flatMap(Registry, (_) => _.mountBlob(repository, digest, from))

/**
 * Deletes a blob from a repository.
 *
 * @since 0.1.0
 * @category operations
 */
export const deleteBlob = (
  repository: Repository,
  digest: Digest.Digest
): Effect.Effect<void, RegistryError, Registry> => Effect.flatMap(Registry, (_) => _.deleteBlob(repository, digest))

/**
 * Returns the descriptor of a manifest, if it exists.
 *
 * @since 0.1.0
 * @category operations
 */
export const statManifest = (
  repository: Repository,
  name: Name
): Effect.Effect<Option.Option<Descriptor.Descriptor>, ReadError, Registry> =>
  Effect.flatMap(Registry, (_) => _.statManifest(repository, name))

/**
 * Fetches a manifest.
 *
 * @since 0.1.0
 * @category operations
 */
export const fetchManifest = (
  repository: Repository,
  name: Name
): Effect.Effect<Manifest, ReadError, Registry> => Effect.flatMap(Registry, (_) => _.fetchManifest(repository, name))

/**
 * Stores the exact bytes of a manifest.
 *
 * @since 0.1.0
 * @category operations
 */
export const pushManifest = (
  repository: Repository,
  manifest: Content.Content<unknown>,
  options?: PushManifestOptions
): Effect.Effect<void, ReadError | ContentError.InvalidDocument, Registry> =>
  Effect.flatMap(Registry, (_) => _.pushManifest(repository, manifest, options))

/**
 * Deletes a manifest with all its tags.
 *
 * @since 0.1.0
 * @category operations
 */
export const deleteManifest = (
  repository: Repository,
  digest: Digest.Digest
): Effect.Effect<void, ReadError | ContentError.InvalidDocument, Registry> =>
  Effect.flatMap(Registry, (_) => _.deleteManifest(repository, digest))

/**
 * Removes a tag and keeps the manifest.
 *
 * @since 0.1.0
 * @category operations
 */
export const untag = (
  repository: Repository,
  tag: Reference.Tag
): Effect.Effect<void, RegistryError, Registry> => Effect.flatMap(Registry, (_) => _.untag(repository, tag))

/**
 * Lists the manifests and indexes with the given subject.
 *
 * @since 0.1.0
 * @category operations
 */
export const referrers = (
  repository: Repository,
  subject: Digest.Digest,
  options?: ReferrersOptions
): Stream.Stream<Descriptor.Descriptor, ReadError, Registry> =>
  Stream.unwrap(Effect.map(Registry, (_) => _.referrers(repository, subject, options)))

const settingsOf = ({
  responseTimeout = "1 minute",
  chunkSize = 4 * 1024 * 1024,
  documentTimeout = "5 minutes",
  limits = {},
  longestDelay = "2 minutes",
  mirrors = {},
  parallelParts = 1,
  partSize = 8 * 1024 * 1024,
  policy = SecurityPolicy.defaults,
  retries = 5,
  retryDelay = "250 millis",
  stallTimeout = "1 minute",
  userAgent = "ociman",
  writesAtOnce = false
}: Options): Settings => ({
  requests: {
    policy,
    deadlines: {
      headers: Duration.decode(responseTimeout),
      stall: Duration.decode(stallTimeout),
      document: Duration.decode(documentTimeout)
    },
    retries: { times: retries, base: Duration.decode(retryDelay), longest: Duration.decode(longestDelay) },
    userAgent
  },
  chunkSize,
  parts: { concurrency: parallelParts, size: partSize },
  limits,
  mirrors,
  writesAtOnce
})
