/** Manifests and indexes, with their exact bytes. */
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as MediaType from "@ociman/oci/MediaType"
import type * as Reference from "@ociman/oci/Reference"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import type { Target } from "../authentication/authenticator.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as headers from "../http/headers.js"
import * as responses from "../http/responses.js"
import type { Response } from "../http/transport.js"
import { addressOf } from "./endpoints.js"
import type { Client } from "./requests.js"

/** A repository of a registry. */
export interface RemoteRepository {
  readonly client: Client
  readonly hasher: Context.Tag.Service<typeof Hasher.Hasher>
  readonly target: Target
  /** The path of the repository. */
  readonly path: string
}

/** Errors of reading content. */
export type ReadError = RegistryError | Content.VerifyError

/** Errors of storing content. */
export type PushError = ReadError | ContentError.InvalidDocument

type Name = Reference.Tag | Digest.Digest

type Document =
  | { readonly _tag: "Manifest"; readonly manifest: ImageManifest.ImageManifest }
  | { readonly _tag: "Index"; readonly index: ImageIndex.ImageIndex }

/** A manifest or index, decoded if it is valid. */
export interface Manifest extends Content.Content<Option.Option<Document>> {}

/** The size that every registry must accept: 4 MiB. */
const limit = 4 * 1024 * 1024

/** Without these types, or with a wildcard, some registries return obsolete document types. */
const accept = [
  MediaType.ImageIndex,
  MediaType.ImageManifest,
  MediaType.DockerManifestList,
  MediaType.DockerManifest
].join(", ")

export const manifestAddress = ({ path, target }: RemoteRepository, name: string): Address =>
  addressOf(target, `/v2/${path}/manifests/${name}`)

const requestOf = (repository: RemoteRepository, method: "GET" | "HEAD", name: Name) => ({
  method,
  target: repository.target,
  address: manifestAddress(repository, name),
  headers: { accept }
})

/** Returns the digest in the headers, if it is valid. Some registries omit the algorithm. */
const declaredDigest = (response: Response): Option.Option<Digest.Digest> => {
  const value = (response.headers["docker-content-digest"] ?? "").trim()
  return Either.getRight(Digest.parse(/^[0-9a-f]{64}$/.test(value) ? `sha256:${value}` : value))
}

const contentType = (response: Response): Option.Option<MediaType.MediaType> =>
  MediaType.fromContentType(response.headers["content-type"] ?? "")

const isKnown = (mediaType: string): boolean => MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)

/** Fields of a document that are read without decoding it. */
const Fields = Schema.parseJson(Schema.Struct({
  mediaType: Schema.optional(Schema.NullOr(Schema.String)),
  manifests: Schema.optional(Schema.Unknown),
  subject: Schema.optional(Schema.NullOr(Descriptor.Descriptor)),
  artifactType: Schema.optional(Schema.NullOr(Schema.String)),
  annotations: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String }))),
  config: Schema.optional(Schema.NullOr(Schema.Struct({ mediaType: Schema.String })))
}))

export interface Fields extends Schema.Schema.Type<typeof Fields> {}

/** Reads the fields of a document, if it is a JSON object. */
export const fieldsOf = (bytes: Uint8Array): Option.Option<Fields> =>
  Either.getRight(Schema.decodeUnknownEither(Fields)(responses.text(bytes)))

const isMediaType = Schema.is(MediaType.MediaType)

/** Determines the media type: of the document itself, else of the headers, else by the fields of the document. */
const typeOf = (bytes: Uint8Array, response: Response): MediaType.MediaType => {
  const fields = fieldsOf(bytes)
  const declared = Option.flatMap(fields, ({ mediaType }) => Option.liftPredicate(isMediaType)(mediaType))
  return declared.pipe(
    Option.orElse(() => Option.filter(contentType(response), isKnown)),
    Option.orElse(() =>
      Option.flatMap(fields, ({ config, manifests }) =>
        manifests !== undefined
          ? Option.some(MediaType.ImageIndex)
          : config !== undefined
          ? Option.some(MediaType.ImageManifest)
          : Option.none())
    ),
    Option.orElse(() => contentType(response)),
    Option.getOrElse(() => MediaType.OctetStream)
  )
}

const decode = (mediaType: string, bytes: Uint8Array): Option.Option<Document> =>
  Either.getRight<Document, ContentError.InvalidDocument>(
    MediaType.isIndex(mediaType)
      ? Either.map(ImageIndex.codec.decode(bytes), (index) => ({ _tag: "Index", index }))
      : Either.map(ImageManifest.codec.decode(bytes), (manifest) => ({ _tag: "Manifest", manifest }))
  ).pipe(Option.filter(() => isKnown(mediaType)))

/** Fails if document and headers declare different types. Only for documents whose digest is not known. */
const checkType = (response: Response, mediaType: string): Effect.Effect<void, RegistryError> => {
  const declared = Option.filter(contentType(response), isKnown)
  return Option.exists(declared, (_) => _ !== mediaType)
    ? Effect.fail(responses.failure(
      response,
      "InvalidResponse",
      `its content type is ${Option.getOrElse(declared, () => "")}, but the document declares ${mediaType}`
    ))
    : Effect.void
}

const verified = (repository: RemoteRepository, response: Response, bytes: Uint8Array, name: Name) =>
  Effect.gen(function*() {
    const expected = Digest.isDigest(name) ? Option.some(name) : declaredDigest(response)
    const algorithm = Option.match(expected, { onNone: () => "sha256" as const, onSome: Digest.algorithm })
    const digest = yield* repository.hasher.bytes(bytes, algorithm)
    if (Option.exists(expected, (_) => _ !== digest)) {
      if (responses.isEncoded(response)) return yield* responses.encoded(response)
      return yield* new ContentError.DigestMismatch({
        expected: Option.getOrElse(expected, () => digest),
        actual: digest
      })
    }
    const mediaType = typeOf(bytes, response)
    if (!Digest.isDigest(name)) yield* checkType(response, mediaType)
    const descriptor: Descriptor.Descriptor = { mediaType, digest, size: bytes.length }
    return { descriptor, bytes, value: decode(mediaType, bytes) }
  })

/** Fetches a manifest with its response. */
export const read = (
  repository: RemoteRepository,
  name: Name
): Effect.Effect<readonly [Manifest, Response], ReadError> =>
  Effect.gen(function*() {
    const response = yield* repository.client.expect(requestOf(repository, "GET", name), 200)
    if (Option.exists(headers.size(response.headers["content-length"]), (size) => size > limit)) {
      yield* responses.drop(response)
      return yield* responses.failure(response, "TooLarge", `the manifest has more than ${limit} bytes`)
    }
    const bytes = yield* responses.document(response, limit, "the manifest")
    return [yield* verified(repository, response, bytes, name), response] as const
  })

export const fetch = (repository: RemoteRepository, name: Name): Effect.Effect<Manifest, ReadError> =>
  Effect.map(read(repository, name), ([manifest]) => manifest)

export const isMissing = (error: ReadError): boolean => error._tag === "RegistryFailed" && error.status === 404

/** Returns the descriptor of a manifest: from the headers if they are sufficient, else from the document. */
export const stat = (
  repository: RemoteRepository,
  name: Name
): Effect.Effect<Option.Option<Descriptor.Descriptor>, ReadError> =>
  Effect.gen(function*() {
    const request = requestOf(repository, "HEAD", name)
    const response = yield* repository.client.send(request)
    if (![200, 404, 405, 501].includes(response.status)) return yield* repository.client.fail(request, response)
    yield* responses.drop(response)
    if (response.status === 404) return Option.none()
    if (response.status === 200) {
      const declared = Option.all({
        mediaType: Option.filter(contentType(response), isKnown),
        digest: declaredDigest(response),
        size: responses.isEncoded(response) ? Option.none() : headers.size(response.headers["content-length"])
      })
      if (Option.exists(declared, ({ digest }) => !Digest.isDigest(name) || digest === name)) return declared
    }
    return yield* fetch(repository, name).pipe(
      Effect.map(({ descriptor }) => Option.some(descriptor)),
      Effect.catchIf(isMissing, () => Effect.succeedNone)
    )
  })

/** Checks that a manifest matches its descriptor. */
const check = (
  { hasher }: RemoteRepository,
  { bytes, descriptor }: Content.Content<unknown>
): Effect.Effect<void, PushError> =>
  Effect.gen(function*() {
    yield* Content.collect(
      Stream.make(bytes),
      descriptor,
      { name: "manifest", limit }
    ).pipe(Effect.provideService(Hasher.Hasher, hasher))
    const fields = fieldsOf(bytes)
    if (Option.isNone(fields) && isKnown(descriptor.mediaType)) {
      return yield* new ContentError.InvalidDocument({
        document: "manifest",
        path: "",
        reason: "InvalidJson",
        rule: `its descriptor has the type ${descriptor.mediaType}, but it is not a JSON object`
      })
    }
    const declared = Option.flatMapNullable(fields, ({ mediaType }) => mediaType)
    if (Option.exists(declared, (_) => _ !== descriptor.mediaType)) {
      return yield* new ContentError.InvalidDocument({
        document: "manifest",
        path: "mediaType",
        reason: "MediaTypeMismatch",
        rule: `its descriptor has the type ${descriptor.mediaType}, but the document declares another one`
      })
    }
  })

export const put = (
  repository: RemoteRepository,
  { bytes, descriptor }: Content.Content<unknown>,
  name: string,
  options: { readonly tags?: ReadonlyArray<string>; readonly headers?: Readonly<Record<string, string>> } = {}
): Effect.Effect<Response, RegistryError> =>
  Effect.gen(function*() {
    const { client, target } = repository
    const { headers = {}, tags = [] } = options
    const response = yield* client.expect({
      method: "PUT",
      target,
      address: addresses.withQuery(manifestAddress(repository, name), tags.map((tag) => ["tag", tag])),
      headers: { "content-type": descriptor.mediaType, ...headers },
      body: { _tag: "Bytes", bytes }
    }, 201)
    yield* responses.drop(response)
    for (const stored of [name, descriptor.digest, ...tags]) {
      yield* client.noteWrite(manifestAddress(repository, stored))
    }
    const isOther = Option.exists(declaredDigest(response), (declared) =>
      Digest.isDigest(descriptor.digest) && Digest.algorithm(declared) === Digest.algorithm(descriptor.digest) &&
      declared !== descriptor.digest)
    return isOther
      ? yield* responses.failure(response, "InvalidResponse", `it stored something else than ${descriptor.digest}`)
      : response
  })

/** Stores a manifest under all tags: in one request, and those that the registry did not set one by one. */
const putTags = (
  repository: RemoteRepository,
  manifest: Content.Content<unknown>,
  tags: ReadonlyArray<string>
): Effect.Effect<Response, RegistryError> =>
  Effect.gen(function*() {
    const { digest } = manifest.descriptor
    const [first, ...others] = tags
    if (first === undefined) return yield* put(repository, manifest, digest)
    if (others.length === 0) return yield* put(repository, manifest, first)
    const attempt = yield* Effect.option(put(repository, manifest, digest, { tags }))
    const header = Option.match(attempt, { onNone: () => "", onSome: ({ headers }) => headers["oci-tag"] ?? "" })
    const stored = header.split(",").map((tag) => tag.trim())
    const [next, ...rest] = tags.filter((tag) => !stored.includes(tag))
    if (next === undefined && Option.isSome(attempt)) return attempt.value
    const response = yield* put(repository, manifest, next ?? first)
    yield* Effect.forEach(rest, (tag) => put(repository, manifest, tag), { discard: true })
    return response
  })

/** Stores a manifest under its digest and all tags. The response tells if the registry processed its subject. */
export const push = (
  repository: RemoteRepository,
  manifest: Content.Content<unknown>,
  tags: ReadonlyArray<string>
): Effect.Effect<Response, PushError> =>
  Effect.zipRight(check(repository, manifest), putTags(repository, manifest, tags))

/** Deletes a manifest by its digest, or a tag. */
export const remove = (repository: RemoteRepository, name: Name): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(
    repository.client.expect(
      { method: "DELETE", target: repository.target, address: manifestAddress(repository, name) },
      202,
      200,
      204
    ),
    responses.drop
  )
