/**
 * Referrers of a manifest, from the referrers API, or from the referrers tag of registries without it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as MediaType from "@ociman/oci/MediaType"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RegistryFailed } from "../../RegistryError.js"
import * as addresses from "../http/address.js"
import * as responses from "../http/responses.js"
import { failed, type Response } from "../http/transport.js"
import * as keyedSemaphore from "../keyedSemaphore.js"
import { addressOf } from "./endpoints.js"
import * as manifests from "./manifests.js"
import { pages } from "./pages.js"

type RemoteRepository = manifests.RemoteRepository

type UpdateError = manifests.PushError

/** State of a client about referrers. */
export interface ReferrersState {
  /** Registries by host, and if they implement the referrers API. */
  readonly hasApi: Map<string, boolean>
  /** Serializes updates of a referrers tag. */
  readonly serialized: keyedSemaphore.KeyedSemaphore
}

export const makeState = (): ReferrersState => ({ hasApi: new Map(), serialized: keyedSemaphore.make() })

/** Returns the referrers tag of a digest. */
export const tagOf = (digest: Digest.Digest): Reference.Tag => {
  const [algorithm = "", encoded = ""] = digest.split(":")
  return Reference.Tag.make(`${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replace(/[^\w.-]/g, "-"))
}

const ReferrersList = Schema.parseJson(
  Schema.Struct({ manifests: Schema.NullOr(Schema.Array(Descriptor.Descriptor)) })
)

/** Recognizes responses of registries without the API. A missing repository has the same status. */
const isUnsupported = (response: Response): boolean =>
  [400, 404, 405, 406, 501].includes(response.status) ||
  response.status === 200 &&
    !Option.exists(MediaType.fromContentType(response.headers["content-type"] ?? ""), MediaType.isIndex)

const isFiltered = (response: Response): boolean =>
  (response.headers["oci-filters-applied"] ?? "").split(",").some((_) => _.trim() === "artifactType")

const apiAddress = ({ path, target }: RemoteRepository, digest: string, artifactType: string | undefined) =>
  addresses.withQuery(
    addressOf(target, `/v2/${path}/referrers/${digest}`),
    artifactType === undefined ? [] : [["artifactType", artifactType]]
  )

interface TaggedIndex {
  readonly index: ImageIndex.ImageIndex
  readonly etag: Option.Option<string>
}

/** Reads the index under the referrers tag; none if there is no such tag, `Other` if it is not an index. */
const readTag = (
  repository: RemoteRepository,
  digest: Digest.Digest
): Effect.Effect<Option.Option<TaggedIndex> | "Other", manifests.ReadError> =>
  manifests.read(repository, tagOf(digest)).pipe(
    Effect.map(([{ value }, response]) =>
      Option.isSome(value) && value.value._tag === "Index"
        ? Option.some({ index: value.value.index, etag: Option.fromNullable(response.headers["etag"]) })
        : "Other"
    ),
    Effect.catchIf(manifests.isMissing, () => Effect.succeedNone)
  )

const typeField = (artifactType: MediaType.MediaType | undefined) => artifactType === undefined ? {} : { artifactType }

/** Creates a predicate that accepts each referrer of a type once. */
const distinct = (artifactType: MediaType.MediaType | undefined) => {
  const seen = new Set<string>()
  return (descriptor: Descriptor.Descriptor): boolean => {
    if (seen.has(descriptor.digest) || artifactType !== undefined && descriptor.artifactType !== artifactType) {
      return false
    }
    seen.add(descriptor.digest)
    return true
  }
}

/** Streams the descriptors of all referrers of a digest without duplicates. */
export const list = (
  repository: RemoteRepository,
  { hasApi }: ReferrersState,
  digest: Digest.Digest,
  artifactType: MediaType.MediaType | undefined
): Stream.Stream<Descriptor.Descriptor, manifests.ReadError> =>
  Stream.suspend(() => {
    const host = addresses.authority(repository.target.registry)
    const accepts = distinct(artifactType)
    const byTag = Stream.unwrap(Effect.map(readTag(repository, digest), (found) =>
      found === "Other" || Option.isNone(found)
        ? Stream.empty
        : Stream.filter(Stream.fromIterable(found.value.index.manifests), accepts)))

    let isSupported = true
    const byApi = pages(
      repository.client,
      repository.target,
      apiAddress(repository, digest, artifactType),
      MediaType.ImageIndex,
      (response) =>
        Effect.sync(() => {
          isSupported = !isUnsupported(response)
          return isSupported
        })
    ).pipe(
      Stream.mapEffect(([response, body]) => {
        if (!isSupported) {
          return Effect.succeed([])
        }
        hasApi.set(host, true)
        return Effect.mapBoth(Schema.decodeUnknown(ReferrersList)(body), {
          onFailure: () =>
            responses.failure(response, "InvalidResponse", "the body is not a list of referrers"),
          onSuccess: ({ manifests }) =>
            // A registry that has filtered may omit the type.
            (manifests ?? []).filter((_) => accepts(isFiltered(response) ? { ..._, ...typeField(artifactType) } : _))
        })
      }),
      Stream.mapConcat((descriptors) => descriptors)
    )
    return Stream.concat(byApi, Stream.suspend(() => isSupported ? Stream.empty : byTag))
  })

/**
 * Checks if a registry implements the referrers API: some send `OCI-Subject` without it. Remembers only a conclusive
 * response. An inconclusive one counts as "no" this time: an unnecessary referrers tag does no harm.
 */
const probeApi = (repository: RemoteRepository, { hasApi }: ReferrersState) =>
  Effect.gen(function*() {
    const { client, target } = repository
    const host = addresses.authority(target.registry)
    const known = hasApi.get(host)
    if (known !== undefined) return known
    const address = apiAddress(repository, `sha256:${"0".repeat(64)}`, undefined)
    const response = yield* client.send({ method: "GET", target, address, headers: { accept: MediaType.ImageIndex } })
    yield* responses.drop(response)
    const isMissing = isUnsupported(response)
    const isPresent = response.status === 200 && !isMissing
    if (isPresent || isMissing) hasApi.set(host, isPresent)
    return isPresent
  })

/** Maximum number of attempts to update a referrers tag that other programs update too. */
const maximalAttempts = 10

const overwritten = (repository: RemoteRepository, tag: Reference.Tag): RegistryFailed =>
  failed(
    { method: "PUT", address: manifests.manifestAddress(repository, tag) },
    "Unavailable",
    `other programs overwrote this list of referrers after each of ${maximalAttempts} attempts; once they are done, ` +
      "push or delete the manifest again"
  )

/** Updates the index under the referrers tag of a digest, and repeats it if another program overwrites the update. */
const update = (
  repository: RemoteRepository,
  { serialized }: ReferrersState,
  subject: Digest.Digest,
  change: (entries: ReadonlyArray<Descriptor.Descriptor>) => ReadonlyArray<Descriptor.Descriptor>
): Effect.Effect<void, UpdateError> => {
  const { client, hasher, path, target } = repository
  const tag = tagOf(subject)
  const attempt = (left: number): Effect.Effect<void, UpdateError> =>
    Effect.gen(function*() {
      const found = yield* readTag(repository, subject)
      if (found === "Other") {
        return yield* new ContentError.InvalidDocument({
          document: "list of referrers",
          path: "mediaType",
          reason: "MediaTypeMismatch",
          rule: `the tag ${tag} is not an index; it is left unchanged`
        })
      }
      const index = Option.match(found, { onNone: () => ImageIndex.make([]), onSome: ({ index }) => index })
      const changed = change(index.manifests)
      if (changed === index.manifests) return
      if (left === 0) return yield* overwritten(repository, tag)
      // Spreads the attempts of concurrent programs.
      if (left < maximalAttempts) yield* client.backOff(target.registry)
      const content = yield* Content.make(ImageIndex.codec, { ...index, manifests: changed }).pipe(
        Effect.provideService(Hasher.Hasher, hasher)
      )
      const condition = Option.flatMap(found, ({ etag }) => etag)
      yield* manifests.put(repository, content, tag, {
        headers: Option.match(condition, { onNone: () => ({}), onSome: (etag) => ({ "if-match": etag }) })
      }).pipe(Effect.catchIf((error) => error._tag === "RegistryFailed" && error.status === 412, () => Effect.void))
      // Reads the tag again, since another program may have written it in between.
      yield* attempt(left - 1)
    })
  return serialized(`${addresses.authority(target.registry)}/${path}:${tag}`)(attempt(maximalAttempts))
}

/** Returns the subject of a manifest and the entry for the manifest in the list of referrers. */
const entryOf = ({ bytes, descriptor }: Content.Content<unknown>): Option.Option<{
  readonly subject: Digest.Digest
  readonly entry: Descriptor.Descriptor
}> =>
  Option.flatMap(manifests.fieldsOf(bytes), ({ annotations, artifactType, config, subject }) => {
    if (subject === undefined || subject === null || !Digest.isDigest(subject.digest)) return Option.none()
    const type = Either.getRight(
      Schema.decodeUnknownEither(MediaType.MediaType)(artifactType ?? config?.mediaType)
    )
    return Option.some({
      subject: subject.digest,
      entry: {
        ...Descriptor.bare(descriptor),
        ...typeField(Option.getOrUndefined(type)),
        ...(annotations === undefined || annotations === null ? {} : { annotations })
      }
    })
  })

/** Adds a pushed manifest to the referrers tag of its subject, unless the registry lists referrers itself. */
export const afterPush = (
  repository: RemoteRepository,
  state: ReferrersState,
  manifest: Content.Content<unknown>,
  response: Response
): Effect.Effect<void, UpdateError> =>
  Option.match(entryOf(manifest), {
    onNone: () => Effect.void,
    onSome: ({ entry, subject }) =>
      Effect.gen(function*() {
        if (response.headers["oci-subject"] !== undefined && (yield* probeApi(repository, state))) return
        yield* update(repository, state, subject, (entries) =>
          entries.some(({ digest }) => digest === entry.digest)
            ? entries
            : [...entries, entry])
      })
  })

/** Removes a manifest from the referrers tag of its subject, before the manifest is deleted. */
export const beforeDelete = (
  repository: RemoteRepository,
  state: ReferrersState,
  digest: Digest.Digest
): Effect.Effect<void, UpdateError> =>
  Effect.gen(function*() {
    const manifest = yield* manifests.fetch(repository, digest)
    const found = entryOf(manifest)
    if (Option.isNone(found) || (yield* probeApi(repository, state))) return
    yield* update(repository, state, found.value.subject, (entries) => {
      const others = entries.filter((entry) => entry.digest !== digest)
      return others.length === entries.length ? entries : others
    })
  })
