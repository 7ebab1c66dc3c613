/** The registry client. */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as Content from "@ociman/oci/Content"
import type * as Descriptor from "@ociman/oci/Descriptor"
import type * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import type * as MediaType from "@ociman/oci/MediaType"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as MemoryRegistry from "../../author/MemoryRegistry.js"
import * as TokenScope from "../../author/TokenScope.js"
import type { Credential } from "../../Credential.js"
import type { RegistryError } from "../../RegistryError.js"
import * as Repository from "../../Repository.js"
import * as addresses from "../http/address.js"
import * as responses from "../http/responses.js"
import * as keyedSemaphore from "../keyedSemaphore.js"
import * as blobs from "./blobOperations.js"
import {
  attributes,
  type Context,
  type CredentialLookup,
  makeMissingBlobs,
  pullScopes,
  type Settings
} from "./context.js"
import { addressOf } from "./endpoints.js"
import { limitsOf } from "./limits.js"
import * as manifests from "./manifestOperations.js"
import { names } from "./pages.js"
import * as referrers from "./referrers.js"
import * as requests from "./requests.js"

interface ListOptions {
  readonly pageSize?: number | undefined
}

/** Lookup that finds the same credential for every key. */
const only = (credential: Credential): CredentialLookup => ({
  resolve: () => Effect.succeedSome({ credential, source: { _tag: "Explicit" } })
})

const ping = (
  context: Context,
  registry: Repository.RegistryKey,
  { credential }: { readonly credential?: Credential | undefined } = {}
): Effect.Effect<void, RegistryError> =>
  Effect.gen(function*() {
    const { endpoints, requests } = credential === undefined ? context : yield* context.connect(only(credential))
    const target = yield* endpoints.target(registry, [])
    const address = addressOf(target, "/v2/")
    yield* Effect.flatMap(requests.expect({ method: "GET", target, address }, 200), responses.drop)
  }).pipe(Effect.withSpan("Registry.ping", attributes(registry)))

const list = (
  { endpoints, requests, settings }: Context,
  key: Repository.RegistryKey,
  scopes: ReadonlyArray<TokenScope.TokenScope>,
  path: string,
  member: "tags" | "repositories",
  { pageSize }: ListOptions = {}
): Stream.Stream<string, RegistryError> =>
  Stream.unwrap(Effect.map(endpoints.target(key, scopes), (target) => {
    const { largestPage } = limitsOf(settings.limits, key.host)
    const query = pageSize === undefined ? [] : [["n", String(Math.min(pageSize, largestPage))] as const]
    return names(requests, target, addresses.withQuery(addressOf(target, path), query), member)
  }))

const catalog = (context: Context, registry: Repository.RegistryKey, options?: ListOptions) =>
  list(context, registry, [TokenScope.catalog], "/v2/_catalog", "repositories", options).pipe(
    Stream.withSpan("Registry.catalog", attributes(registry))
  )

const tags = (context: Context, repository: Repository.Repository, options?: ListOptions) =>
  list(
    context,
    Repository.key(repository),
    pullScopes(repository),
    `/v2/${repository.path}/tags/list`,
    "tags",
    options
  ).pipe(
    Stream.filter(Schema.is(Reference.Tag)),
    Stream.withSpan("Registry.tags", attributes(repository))
  )

type Blob = Descriptor.Descriptor

type Bytes<E> = Stream.Stream<Uint8Array, E>

const serviceOf = (context: Context) => ({
  writesAtOnce: context.settings.writesAtOnce,
  ping: (registry: Repository.RegistryKey, options?: { readonly credential?: Credential | undefined }) =>
    ping(context, registry, options),
  catalog: (registry: Repository.RegistryKey, options?: ListOptions) => catalog(context, registry, options),
  tags: (repository: Repository.Repository, options?: ListOptions) => tags(context, repository, options),
  statBlob: (repository: Repository.Repository, digest: Digest.Digest) => blobs.stat(context, repository, digest),
  fetchBlob: (repository: Repository.Repository, blob: Blob) => blobs.fetch(context, repository, blob),
  fetchBlobBytes: (repository: Repository.Repository, blob: Blob) => blobs.fetchBytes(context, repository, blob),
  fetchBlobRange: (repository: Repository.Repository, digest: Digest.Digest, range: blobs.Range) =>
    blobs.fetchRange(context, repository, digest, range),
  pushBlob: <E>(
    repository: Repository.Repository,
    blob: Blob,
    content: Bytes<E>,
    options?: blobs.PushOptions
  ) => blobs.push(context, repository, blob, content, options),
  pushBlobBytes: <E>(
    repository: Repository.Repository,
    blob: Blob,
    bytes: Effect.Effect<Uint8Array, E>,
    options?: blobs.PushOptions
  ) => blobs.pushBytes(context, repository, blob, bytes, options),
  mountBlob: (repository: Repository.Repository, digest: Digest.Digest, from: Repository.Repository) =>
    blobs.mount(context, repository, digest, from),
  deleteBlob: (repository: Repository.Repository, digest: Digest.Digest) => blobs.remove(context, repository, digest),
  statManifest: (repository: Repository.Repository, name: manifests.Name) => manifests.stat(context, repository, name),
  fetchManifest: (repository: Repository.Repository, name: manifests.Name) =>
    manifests.fetch(context, repository, name),
  pushManifest: (
    repository: Repository.Repository,
    manifest: Content.Content<unknown>,
    options?: { readonly tags?: ReadonlyArray<Reference.Tag> | undefined }
  ) => manifests.push(context, repository, manifest, options),
  deleteManifest: (repository: Repository.Repository, digest: Digest.Digest) =>
    manifests.remove(context, repository, digest),
  untag: (repository: Repository.Repository, tag: Reference.Tag) => manifests.untag(context, repository, tag),
  referrers: (
    repository: Repository.Repository,
    subject: Digest.Digest,
    options?: { readonly artifactType?: MediaType.MediaType | undefined }
  ) => manifests.listReferrers(context, repository, subject, options)
})

export const make = (settings: Settings, credentials: CredentialLookup) =>
  Effect.gen(function*() {
    const hasher = yield* Hasher.Hasher
    const http = yield* HttpClient.HttpClient
    const connect = (lookup: CredentialLookup) => requests.make(http, lookup, settings.requests)
    return serviceOf({
      ...(yield* connect(credentials)),
      settings,
      hasher,
      connect,
      missingBlobs: makeMissingBlobs(),
      referrers: referrers.makeState(),
      rejectedSizes: new Map(),
      serialized: keyedSemaphore.make()
    })
  })

/** Creates a client of in-memory registries, one per host name. */
export const makeMemory = (settings: Settings) =>
  Effect.gen(function*() {
    const makeRegistry = MemoryRegistry.make().pipe(Effect.provideService(Hasher.Hasher, yield* Hasher.Hasher))
    const registries = new Map<string, MemoryRegistry.MemoryRegistry>()
    const registryAt = (host: string) =>
      Effect.map(makeRegistry, (created) => {
        const registry = registries.get(host) ?? created
        registries.set(host, registry)
        return registry
      })
    const http = MemoryRegistry.httpClient((request) =>
      Effect.flatMap(registryAt(request.host), ({ respond }) => respond(request))
    )
    return yield* Effect.provideService(
      make(settings, { resolve: () => Effect.succeedNone }),
      HttpClient.HttpClient,
      http
    )
  })
