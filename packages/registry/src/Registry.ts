/**
 * Registries of images: the distribution protocol.
 *
 * Whatever comes from a registry is verified before it counts, and manifests stay the bytes that they are. Requests
 * that met a passing fault are made again; all requests to one host slow down together when it asks for it.
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
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Credential } from "./Credential.js"
import * as Credentials from "./Credentials.js"
import * as service from "./internal/service.js"
import type { CredentialsError, RegistryError } from "./RegistryError.js"
import type { RegistryKey } from "./RegistryKey.js"
import type { RegistryProfile } from "./RegistryProfile.js"
import type { Repository } from "./Repository.js"
import type * as SecurityPolicy from "./SecurityPolicy.js"

/**
 * By what a manifest is found.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = Reference.Tag | Digest.Digest

/**
 * What a registry says of a blob without sending it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stat {
  readonly digest: Digest.Digest
  /** In bytes. Not every registry says it. */
  readonly size: Option.Option<number>
}

/**
 * A manifest or an index, read. Of other documents there is no value, nor of one that is not what it should be.
 *
 * @since 0.1.0
 * @category models
 */
export type Document =
  | { readonly _tag: "Manifest"; readonly manifest: ImageManifest.ImageManifest }
  | { readonly _tag: "Index"; readonly index: ImageIndex.ImageIndex }

/**
 * A manifest as a registry has it: its bytes, their descriptor, and what they say.
 *
 * @since 0.1.0
 * @category models
 */
export interface Manifest extends Content.Content<Option.Option<Document>> {}

/**
 * How a blob came to be in a repository: it was sent, it was there, or the registry took it over from another
 * repository.
 *
 * @since 0.1.0
 * @category models
 */
export type Pushed = "Pushed" | "Present" | "Mounted"

/**
 * A part of a blob. Without a length it goes to the end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  /** The first byte, from 0. */
  readonly offset: number
  /** How many bytes. */
  readonly length?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PushBlobOptions {
  /** Repositories of the same registry that may have the blob, from which it is then taken over. Default: none. */
  readonly from?: ReadonlyArray<Repository> | undefined
  /** Whether it is sent although the registry may say that it has it: neither looked for nor taken over. Default: no. */
  readonly anew?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PushManifestOptions {
  /** What it is to be called. Default: nothing, so that it is found by its digest. */
  readonly tags?: ReadonlyArray<Reference.Tag> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /** How many names a page has at most. Default: what the registry likes. */
  readonly pageSize?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ReferrersOptions {
  readonly artifactType?: MediaType.MediaType | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PingOptions {
  /** Credential to ask with. Default: the one that `Credentials` has for the registry. */
  readonly credential?: Credential | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions extends Credentials.StoreOptions {
  /** If true, the credential is stored only if the registry accepts it. Default: true. */
  readonly verify?: boolean | undefined
}

/**
 * The errors of what reads content.
 *
 * @since 0.1.0
 * @category errors
 */
export type ReadError = RegistryError | Content.VerifyError

/**
 * A client of registries.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Whether the registry is there, speaks the protocol, and lets this user in. */
  readonly ping: (registry: RegistryKey, options?: PingOptions) => Effect.Effect<void, RegistryError>
  /** The repositories of a registry, each once, page by page. Few registries tell them. */
  readonly catalog: (registry: RegistryKey, options?: ListOptions) => Stream.Stream<string, RegistryError>
  /** The tags of a repository, each once, page by page, in the order of the registry. */
  readonly tags: (repository: Repository, options?: ListOptions) => Stream.Stream<Reference.Tag, RegistryError>

  /** Whether there is a blob. */
  readonly statBlob: (
    repository: Repository,
    digest: Digest.Digest
  ) => Effect.Effect<Option.Option<Stat>, RegistryError>
  /**
   * The bytes of a blob, verified: the stream fails at its end if they are not what the descriptor says. A connection
   * that is lost in between is made again, and the rest is fetched.
   */
  readonly fetchBlob: (
    repository: Repository,
    descriptor: Descriptor.Descriptor
  ) => Stream.Stream<Uint8Array, ReadError>
  /** All bytes of a small blob at once, verified, which costs less than a stream of them. */
  readonly fetchBlobBytes: (
    repository: Repository,
    descriptor: Descriptor.Descriptor
  ) => Effect.Effect<Uint8Array, ReadError>
  /** A part of a blob, which cannot be verified. It has as many bytes as were asked for, unless the blob ends before. */
  readonly fetchBlobRange: (
    repository: Repository,
    digest: Digest.Digest,
    range: Range
  ) => Stream.Stream<Uint8Array, RegistryError>
  /** Whether `pushBlob` is done with each piece before it asks for the next one. */
  readonly writesAtOnce?: boolean
  /**
   * Stores a blob, whole and verified or not at all. What is there is not sent. The stream is run again when a
   * connection was lost; what is not the same then fails the push.
   */
  readonly pushBlob: <E>(
    repository: Repository,
    descriptor: Descriptor.Descriptor,
    content: Stream.Stream<Uint8Array, E>,
    options?: PushBlobOptions
  ) => Effect.Effect<Pushed, E | ReadError>
  /** Stores a small blob like `pushBlob`. Its bytes are not asked for if they need not be sent. */
  readonly pushBlobBytes: <E>(
    repository: Repository,
    descriptor: Descriptor.Descriptor,
    bytes: Effect.Effect<Uint8Array, E>,
    options?: PushBlobOptions
  ) => Effect.Effect<Pushed, E | ReadError>
  /** Has the registry take a blob over from another of its repositories. It may not want to: then it is `false`. */
  readonly mountBlob: (
    repository: Repository,
    digest: Digest.Digest,
    from: Repository
  ) => Effect.Effect<boolean, RegistryError>
  /** Deletes a blob from a repository. */
  readonly deleteBlob: (repository: Repository, digest: Digest.Digest) => Effect.Effect<void, RegistryError>

  /** The descriptor of a manifest, if there is one of that name. */
  readonly statManifest: (
    repository: Repository,
    name: Name
  ) => Effect.Effect<Option.Option<Descriptor.Descriptor>, ReadError>
  /** A manifest, verified if it is asked for by its digest. At most 4 MiB are read. */
  readonly fetchManifest: (repository: Repository, name: Name) => Effect.Effect<Manifest, ReadError>
  /**
   * Stores a manifest, as the bytes that it is, under its digest and all tags. What it points to must be there
   * already, but for its subject. If the registry keeps no list of referrers, the one that others look for is kept.
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
  /** Takes a tag away and leaves the manifest. Not every registry can. */
  readonly untag: (repository: Repository, tag: Reference.Tag) => Effect.Effect<void, RegistryError>
  /** The manifests and indexes whose subject it is, of those of a type if one is given. */
  readonly referrers: (
    repository: Repository,
    subject: Digest.Digest,
    options?: ReferrersOptions
  ) => Stream.Stream<Descriptor.Descriptor, ReadError>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Registry extends Context.Tag("@ociman/registry/Registry")<Registry, Service>() {}

/**
 * A registry that has what another one has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mirror {
  /** As references name it. Its credentials are its own. */
  readonly host: string
  /** Whether it stands for several registries, and is told by the parameter `ns` which one is meant. Default: no. */
  readonly isProxy?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where the client goes. Default: `SecurityPolicy.defaults`. */
  readonly policy?: SecurityPolicy.SecurityPolicy | undefined
  /** How long a registry may take to begin its answer; 1 minute by default. */
  readonly answerTimeout?: Duration.DurationInput | undefined
  /** How long nothing may come, or go, in the middle of a transfer; 1 minute by default. */
  readonly stallTimeout?: Duration.DurationInput | undefined
  /**
   * How long a manifest, a page of a list or a token may take from the beginning of its answer to its end; 5 minutes by
   * default. The words of an error may take `stallTimeout`.
   */
  readonly documentTimeout?: Duration.DurationInput | undefined
  /** How often a request is made again that met a passing fault; 5 times by default. */
  readonly retries?: number | undefined
  /** How long is waited before the first time, and twice as long each time; 250 milliseconds by default. */
  readonly retryDelay?: Duration.DurationInput | undefined
  /** The longest wait, also where a registry asks for more; that then fails at once. 2 minutes by default. */
  readonly longestDelay?: Duration.DurationInput | undefined
  /** How many bytes of a blob are sent at once to registries that do not take it whole; 4 MiB by default. */
  readonly chunkSize?: number | undefined
  /**
   * How many parts of a large blob are fetched at the same time, for registries that give more by several connections
   * than by one. They are held in memory until they can pass in order. Default: 1, the blob as a whole.
   */
  readonly parallelParts?: number | undefined
  /** How many bytes such a part has; 8 MiB by default. */
  readonly partSize?: number | undefined
  /** What is peculiar to registries, by their names, in place of what is known of them. */
  readonly profiles?: Readonly<Record<string, RegistryProfile>> | undefined
  /** Who is asked first for manifests and blobs of a registry, by its name. Nothing is ever pushed there. */
  readonly mirrors?: Readonly<Record<string, ReadonlyArray<Mirror>>> | undefined
  /**
   * Whether the `HttpClient` is done with each piece of a body before it asks for the next one, as `NodeRegistryHttp`
   * is: then files are pushed by the same memory over and over. Default: false.
   */
  readonly writesAtOnce?: boolean | undefined
  /** How the client calls itself. */
  readonly userAgent?: string | undefined
}

/**
 * A client of registries. What it learns of them, and their tokens, it keeps as long as it lives.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, never, HttpClient.HttpClient | Credentials.Credentials | Hasher.Hasher> =>
  service.make(options)

/**
 * A client of registries.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<Registry, never, HttpClient.HttpClient | Credentials.Credentials | Hasher.Hasher> =>
  Layer.effect(Registry, make(options))

/**
 * A client of registries with settings from the configuration.
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
 * A client of registries in memory: one under each name, empty at first, which takes everybody.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Registry, never, Hasher.Hasher> = Layer.effect(Registry, service.makeMemory)

/**
 * A test double that can do what it is given. Anything else dies when it is used, and says what was missing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (partial: Partial<Service>): Layer.Layer<Registry> => Layer.mock(Registry, partial)

/**
 * Whether the registry is there, speaks the protocol, and lets this user in.
 *
 * @since 0.1.0
 * @category operations
 */
export const ping = (
  registry: RegistryKey,
  options?: PingOptions
): Effect.Effect<void, RegistryError, Registry> => Effect.flatMap(Registry, (_) => _.ping(registry, options))

/**
 * Stores a credential by `Credentials.login` once the registry has accepted it. Fails with the error of the registry,
 * and stores nothing, if it has not.
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
 * The repositories of a registry.
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
 * The tags of a repository.
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
 * Whether there is a blob.
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
 * The bytes of a blob, verified.
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
 * All bytes of a small blob at once, verified.
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
 * A part of a blob.
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
 * Stores a blob, whole and verified or not at all.
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
 * Stores a small blob, whole and verified or not at all.
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
 * Has the registry take a blob over from another of its repositories.
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
 * The descriptor of a manifest, if there is one of that name.
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
 * A manifest, as bytes and as a value.
 *
 * @since 0.1.0
 * @category operations
 */
export const fetchManifest = (
  repository: Repository,
  name: Name
): Effect.Effect<Manifest, ReadError, Registry> => Effect.flatMap(Registry, (_) => _.fetchManifest(repository, name))

/**
 * Stores a manifest, as the bytes that it is.
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
 * Takes a tag away and leaves the manifest.
 *
 * @since 0.1.0
 * @category operations
 */
export const untag = (
  repository: Repository,
  tag: Reference.Tag
): Effect.Effect<void, RegistryError, Registry> => Effect.flatMap(Registry, (_) => _.untag(repository, tag))

/**
 * The manifests and indexes whose subject it is.
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
