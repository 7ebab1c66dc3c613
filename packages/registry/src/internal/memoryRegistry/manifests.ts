import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Reference from "@ociman/oci/Reference"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { errorResponse, type Incoming, makeResponse, type Outgoing, parameters } from "./http.js"
import { type Manifest, ofRepository, type Repository, type State } from "./state.js"

const maximum = 4 * 1024 * 1024
const maximumTags = 10

const isTag = Schema.is(Reference.Tag)

interface Document {
  readonly mediaType: string | undefined
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly subject: Descriptor.Descriptor | undefined
  readonly blobs: ReadonlyArray<Descriptor.Descriptor>
  readonly manifests: ReadonlyArray<Descriptor.Descriptor>
}

const read = (mediaType: string, bytes: Uint8Array): Either.Either<Document, string> => {
  if (MediaType.isManifest(mediaType)) {
    return Either.mapBoth(ImageManifest.codec.decode(bytes), {
      onLeft: ({ message }) => message,
      onRight: (manifest) => ({
        mediaType: manifest.mediaType,
        artifactType: ImageManifest.artifactType(manifest),
        annotations: manifest.annotations,
        subject: manifest.subject,
        blobs: [manifest.config, ...manifest.layers.filter((layer) => !MediaType.isNondistributable(layer.mediaType))],
        manifests: []
      })
    })
  }
  if (!MediaType.isIndex(mediaType)) return Either.left(`${mediaType} is not the type of a manifest`)
  return Either.mapBoth(ImageIndex.codec.decode(bytes), {
    onLeft: ({ message }) => message,
    onRight: (index) => ({
      mediaType: index.mediaType,
      artifactType: index.artifactType,
      annotations: index.annotations,
      subject: index.subject,
      blobs: [],
      manifests: index.manifests
    })
  })
}

const missingContents = (repository: Repository, { blobs, manifests }: Document) =>
  [
    ...blobs.filter(({ digest }) => !repository.blobs.has(digest)),
    ...manifests.filter(({ digest }) => !repository.manifests.has(digest))
  ].map(({ digest }) => digest)

const referrerOf = (digest: string, mediaType: string, size: number, document: Document): Manifest["referrer"] =>
  document.subject === undefined ? undefined : {
    subject: document.subject.digest,
    descriptor: {
      mediaType,
      digest,
      size,
      ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
      ...(document.annotations === undefined ? {} : { annotations: document.annotations })
    }
  }

const collect = <E>(body: Stream.Stream<Uint8Array, E>) =>
  body.pipe(
    Stream.mapAccum(0, (size, bytes) => [size + bytes.length, { size: size + bytes.length, bytes }]),
    Stream.takeUntil(({ size }) => size > maximum),
    Stream.runCollect,
    Effect.map((pieces) => {
      const all = Array.from(pieces)
      const bytes = new Uint8Array(all.at(-1)?.size ?? 0)
      for (const piece of all) bytes.set(piece.bytes, piece.size - piece.bytes.length)
      return bytes
    })
  )

const put = Effect.fnUntraced(function*<E>(
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  request: Incoming<E>,
  name: string,
  reference: string
) {
  const bytes = yield* collect(request.body)
  if (bytes.length > maximum) {
    return errorResponse("MANIFEST_INVALID", `a manifest has at most ${maximum} bytes`, { status: 413 })
  }
  const mediaType = Option.getOrUndefined(MediaType.fromContentType(request.headers["content-type"] ?? ""))
  if (mediaType === undefined) return errorResponse("MANIFEST_INVALID", "the Content-Type is missing")
  const document = read(mediaType, bytes)
  if (Either.isLeft(document)) return errorResponse("MANIFEST_INVALID", document.left)
  if (document.right.mediaType !== undefined && document.right.mediaType !== mediaType) {
    return errorResponse("MANIFEST_INVALID", `it declares the type ${document.right.mediaType}`)
  }
  const expectedDigest = Either.getOrUndefined(Digest.parse(reference))
  const digest = yield* hasher.bytes(bytes, expectedDigest === undefined ? "sha256" : Digest.algorithm(expectedDigest))
  if (expectedDigest !== undefined && expectedDigest !== digest) {
    return errorResponse("DIGEST_INVALID", `its digest is ${digest}`)
  }
  const tags = expectedDigest === undefined ? [reference] : parameters(request, "tag")
  if (!tags.every(isTag)) return errorResponse("MANIFEST_INVALID", "a tag is malformed")
  if (tags.length > maximumTags) {
    return errorResponse("MANIFEST_INVALID", `at most ${maximumTags} tags at once`, { status: 414 })
  }
  const repository = ofRepository(state, name)
  const missing = missingContents(repository, document.right)
  if (missing.length > 0) {
    return errorResponse("MANIFEST_BLOB_UNKNOWN", `it references missing contents: ${missing.join(", ")}`)
  }
  const expected = request.headers["if-match"]
  const tagged = repository.tags.get(reference)
  if (expected !== undefined && expected !== `"${tagged ?? ""}"`) {
    return errorResponse("DENIED", "the manifest has changed", { status: 412 })
  }
  repository.manifests.set(digest, {
    digest,
    mediaType,
    bytes,
    referrer: referrerOf(digest, mediaType, bytes.length, document.right)
  })
  for (const tag of tags) repository.tags.set(tag, digest)
  return makeResponse(201, {
    location: `/v2/${name}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(document.right.subject === undefined || !state.referrers
      ? {}
      : { "oci-subject": document.right.subject.digest }),
    ...(expectedDigest === undefined || tags.length === 0 ? {} : { "oci-tag": tags.join(", ") })
  })
})

const accepts = (header: string | undefined, mediaType: string) =>
  header === undefined || header.split(",").some((part) => {
    const [range = ""] = part.split(";")
    return ["*/*", "application/*", mediaType].includes(range.trim())
  })

const remove = (repository: Repository, reference: string, digest: string) => {
  if (repository.tags.delete(reference)) return
  repository.manifests.delete(digest)
  for (const [tag, tagged] of repository.tags) {
    if (tagged === digest) repository.tags.delete(tag)
  }
}

/** @internal */
export const handle = <E>(
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  request: Incoming<E>,
  name: string,
  reference: string
): Effect.Effect<Outgoing, E> =>
  Effect.suspend(() => {
    const isDigest = Either.isRight(Digest.parse(reference))
    if (!isDigest && !isTag(reference)) {
      return Effect.succeed(
        reference.includes(":")
          ? errorResponse("DIGEST_INVALID", `${reference} is not a supported digest`)
          : errorResponse("MANIFEST_INVALID", `${reference} is not a tag`)
      )
    }
    if (request.method === "PUT") return put(state, hasher, request, name, reference)
    const repository = state.repositories.get(name)
    if (repository === undefined) {
      return Effect.succeed(errorResponse("NAME_UNKNOWN", `the repository ${name} does not exist`))
    }
    const manifest = repository.manifests.get(repository.tags.get(reference) ?? reference)
    if (manifest === undefined || !accepts(request.headers["accept"], manifest.mediaType)) {
      return Effect.succeed(errorResponse("MANIFEST_UNKNOWN", `the manifest ${reference} does not exist in ${name}`))
    }
    if (request.method === "DELETE") {
      remove(repository, reference, manifest.digest)
      return Effect.succeed(makeResponse(202))
    }
    return Effect.succeed(makeResponse(200, {
      "content-type": manifest.mediaType,
      "docker-content-digest": manifest.digest,
      etag: `"${manifest.digest}"`
    }, manifest.bytes))
  })
