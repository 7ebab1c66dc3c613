/** Manifests, as the bytes that they are. */
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Document, Manifest, Name, ReadError } from "../Registry.js"
import type { RegistryError } from "../RegistryError.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import type { Client } from "./client.js"
import { at } from "./endpoints.js"
import * as headers from "./headers.js"
import type { Target } from "./proofs.js"
import type { Answer } from "./transport.js"

/** Where manifests are. */
export interface Place {
  readonly client: Client
  readonly hasher: Hasher.Hasher["Type"]
  readonly target: Target
  /** The path of the repository. */
  readonly repository: string
}

/** Four mebibytes: what every registry must take. */
const limit = 4 * 1024 * 1024

/** Without it, or with anything in it, some registries answer with what nobody reads any more. */
const accept = [
  MediaType.ImageIndex,
  MediaType.ImageManifest,
  MediaType.DockerManifestList,
  MediaType.DockerManifest
].join(", ")

export const addressOf = ({ repository, target }: Place, name: string) =>
  at(target, `/v2/${repository}/manifests/${name}`)

const asking = (place: Place, method: "GET" | "HEAD", name: Name) => ({
  method,
  target: place.target,
  address: addressOf(place, name),
  headers: { accept }
})

/** The digest that a registry gives, if it is one; some leave out the algorithm. */
const namedDigest = (answer: Answer): Option.Option<Digest.Digest> => {
  const value = (answer.headers["docker-content-digest"] ?? "").trim()
  return Either.getRight(Digest.parse(/^[0-9a-f]{64}$/.test(value) ? `sha256:${value}` : value))
}

const contentType = (answer: Answer): Option.Option<MediaType.MediaType> =>
  MediaType.fromContentType(answer.headers["content-type"] ?? "")

const isKnown = (mediaType: string): boolean => MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)

/** What a document says of itself. */
const Own = Schema.parseJson(Schema.Struct({
  mediaType: Schema.optional(Schema.NullOr(Schema.String)),
  manifests: Schema.optional(Schema.Unknown),
  subject: Schema.optional(Schema.NullOr(Descriptor.Descriptor)),
  artifactType: Schema.optional(Schema.NullOr(Schema.String)),
  annotations: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String }))),
  config: Schema.optional(Schema.NullOr(Schema.Struct({ mediaType: Schema.String })))
}))

export interface Own extends Schema.Schema.Type<typeof Own> {}

/** What bytes say of themselves, if they are a document at all. */
export const own = (bytes: Uint8Array): Option.Option<Own> =>
  Either.getRight(Schema.decodeUnknownEither(Own)(answers.text(bytes)))

const isMediaType = Schema.is(MediaType.MediaType)

/** By its own word, else by the registry's, else by what is in it. */
const typeOf = (bytes: Uint8Array, answer: Answer): MediaType.MediaType => {
  const said = own(bytes)
  const declared = Option.flatMap(said, ({ mediaType }) => Option.liftPredicate(isMediaType)(mediaType))
  return declared.pipe(
    Option.orElse(() => Option.filter(contentType(answer), isKnown)),
    Option.orElse(() =>
      Option.flatMap(said, ({ config, manifests }) =>
        manifests !== undefined
          ? Option.some(MediaType.ImageIndex)
          : config !== undefined
          ? Option.some(MediaType.ImageManifest)
          : Option.none())
    ),
    Option.orElse(() => contentType(answer)),
    Option.getOrElse(() => MediaType.OctetStream)
  )
}

const decode = (mediaType: string, bytes: Uint8Array): Option.Option<Document> =>
  Either.getRight<Document, ContentError.InvalidDocument>(
    MediaType.isIndex(mediaType)
      ? Either.map(ImageIndex.codec.decode(bytes), (index) => ({ _tag: "Index", index }))
      : Either.map(ImageManifest.codec.decode(bytes), (manifest) => ({ _tag: "Manifest", manifest }))
  ).pipe(Option.filter(() => isKnown(mediaType)))

/** What it says and what the registry says must not be two things, unless the digest shows what is right. */
const checkType = (answer: Answer, mediaType: string): Effect.Effect<void, RegistryError> => {
  const said = Option.filter(contentType(answer), isKnown)
  return Option.exists(said, (_) => _ !== mediaType)
    ? Effect.fail(answers.failure(
      answer,
      "InvalidAnswer",
      `it sends it as ${Option.getOrElse(said, () => "")}, and the document says that it is ${mediaType}`
    ))
    : Effect.void
}

const verified = (place: Place, answer: Answer, bytes: Uint8Array, name: Name) =>
  Effect.gen(function*() {
    const expected = Digest.isDigest(name) ? Option.some(name) : namedDigest(answer)
    const algorithm = Option.match(expected, { onNone: () => "sha256" as const, onSome: Digest.algorithm })
    const digest = yield* place.hasher.bytes(bytes, algorithm)
    if (Option.exists(expected, (_) => _ !== digest)) {
      if (answers.isEncoded(answer)) return yield* answers.encoded(answer)
      return yield* new ContentError.DigestMismatch({
        expected: Option.getOrElse(expected, () => digest),
        actual: digest
      })
    }
    const mediaType = typeOf(bytes, answer)
    if (!Digest.isDigest(name)) yield* checkType(answer, mediaType)
    const descriptor: Descriptor.Descriptor = { mediaType, digest, size: bytes.length }
    return { descriptor, bytes, value: decode(mediaType, bytes) }
  })

/** A manifest with the answer that it came in. */
export const read = (
  place: Place,
  name: Name
): Effect.Effect<readonly [Manifest, Answer], ReadError> =>
  Effect.gen(function*() {
    const answer = yield* place.client.expect(asking(place, "GET", name), 200)
    if (Option.exists(headers.size(answer.headers["content-length"]), (size) => size > limit)) {
      yield* answers.drop(answer)
      return yield* answers.failure(answer, "TooLarge", `the manifest has more than ${limit} bytes`)
    }
    const bytes = yield* answers.document(answer, limit, "the manifest")
    return [yield* verified(place, answer, bytes, name), answer] as const
  })

export const fetch = (place: Place, name: Name): Effect.Effect<Manifest, ReadError> =>
  Effect.map(read(place, name), ([manifest]) => manifest)

const isMissing = (error: ReadError): boolean => error._tag === "RegistryFailed" && error.status === 404

/** What is there of a name, from the headers alone if they say enough. */
export const stat = (
  place: Place,
  name: Name
): Effect.Effect<Option.Option<Descriptor.Descriptor>, ReadError> =>
  Effect.gen(function*() {
    const asked = asking(place, "HEAD", name)
    const answer = yield* place.client.send(asked)
    if (![200, 404, 405, 501].includes(answer.status)) return yield* place.client.refuse(asked, answer)
    yield* answers.drop(answer)
    if (answer.status === 404) return Option.none()
    if (answer.status === 200) {
      const said = Option.all({
        mediaType: Option.filter(contentType(answer), isKnown),
        digest: namedDigest(answer),
        size: answers.isEncoded(answer) ? Option.none() : headers.size(answer.headers["content-length"])
      })
      if (Option.exists(said, ({ digest }) => !Digest.isDigest(name) || digest === name)) return said
    }
    return yield* fetch(place, name).pipe(
      Effect.map(({ descriptor }) => Option.some(descriptor)),
      Effect.catchIf(isMissing, () => Effect.succeedNone)
    )
  })

type PushError = ReadError | ContentError.InvalidDocument

/** It is stored as what it says that it is, or not at all. */
const check = (place: Place, { bytes, descriptor }: Content.Content<unknown>): Effect.Effect<void, PushError> =>
  Effect.gen(function*() {
    yield* Content.collect(
      Stream.make(bytes),
      descriptor,
      { name: "manifest", limit }
    ).pipe(Effect.provideService(Hasher.Hasher, place.hasher))
    const said = own(bytes)
    if (Option.isNone(said) && isKnown(descriptor.mediaType)) {
      return yield* new ContentError.InvalidDocument({
        document: "manifest",
        path: "",
        reason: "InvalidJson",
        rule: `it is to be pushed as ${descriptor.mediaType} and is no JSON object`
      })
    }
    const declared = Option.flatMapNullable(said, ({ mediaType }) => mediaType)
    if (Option.exists(declared, (_) => _ !== descriptor.mediaType)) {
      return yield* new ContentError.InvalidDocument({
        document: "manifest",
        path: "mediaType",
        reason: "MediaTypeMismatch",
        rule: `it is to be pushed as ${descriptor.mediaType} and says something else of itself`
      })
    }
  })

export const put = (
  place: Place,
  { bytes, descriptor }: Content.Content<unknown>,
  name: string,
  more: { readonly tags?: ReadonlyArray<string>; readonly headers?: Readonly<Record<string, string>> } = {}
): Effect.Effect<Answer, RegistryError> =>
  Effect.gen(function*() {
    const answer = yield* place.client.expect({
      method: "PUT",
      target: place.target,
      address: addresses.withQuery(addressOf(place, name), (more.tags ?? []).map((tag) => ["tag", tag])),
      headers: { "content-type": descriptor.mediaType, ...more.headers },
      body: { _tag: "Bytes", bytes }
    }, 201)
    yield* answers.drop(answer)
    for (const stored of [name, descriptor.digest, ...more.tags ?? []]) {
      yield* place.client.wrote(addressOf(place, stored))
    }
    const named = namedDigest(answer)
    const isOther = Option.exists(named, (_) =>
      Digest.isDigest(descriptor.digest) && Digest.algorithm(_) === Digest.algorithm(descriptor.digest) &&
      _ !== descriptor.digest)
    return isOther
      ? yield* answers.failure(answer, "InvalidAnswer", `it stored something else than ${descriptor.digest}`)
      : answer
  })

/** Under each tag by itself where a registry does not know how to set several at once. */
const putAll = (
  place: Place,
  manifest: Content.Content<unknown>,
  tags: ReadonlyArray<string>
): Effect.Effect<Answer, RegistryError> =>
  Effect.gen(function*() {
    const { digest } = manifest.descriptor
    const [first, ...others] = tags
    if (first === undefined) return yield* put(place, manifest, digest)
    if (others.length === 0) return yield* put(place, manifest, first)
    const tried = yield* Effect.option(put(place, manifest, digest, { tags }))
    const set = Option.match(tried, { onNone: () => "", onSome: ({ headers }) => headers["oci-tag"] ?? "" })
    const done = set.split(",").map((tag) => tag.trim())
    const [next, ...more] = tags.filter((tag) => !done.includes(tag))
    if (next === undefined && Option.isSome(tried)) return tried.value
    const answer = yield* put(place, manifest, next ?? first)
    yield* Effect.forEach(more, (tag) => put(place, manifest, tag), { discard: true })
    return answer
  })

/** Stores a manifest under its digest and all tags; the answer says what the registry made of its subject. */
export const push = (
  place: Place,
  manifest: Content.Content<unknown>,
  tags: ReadonlyArray<string>
): Effect.Effect<Answer, PushError> => Effect.zipRight(check(place, manifest), putAll(place, manifest, tags))

/** Deletes a manifest by its digest, or a tag. */
export const remove = (place: Place, name: Name): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(
    place.client.expect({ method: "DELETE", target: place.target, address: addressOf(place, name) }, 202, 200, 204),
    answers.drop
  )
