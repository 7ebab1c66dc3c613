/**
 * What refers to a manifest: as the registry lists it, or as clients keep it under a tag where it does not.
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
import type { ReadError } from "../Registry.js"
import type { RegistryFailed } from "../RegistryError.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import { at } from "./endpoints.js"
import * as manifests from "./manifests.js"
import { pages } from "./pages.js"
import { type Answer, failed } from "./transport.js"
import * as turns from "./turns.js"

type UpdateError = ReadError | ContentError.InvalidDocument

/** What is known of registries from what they did before. */
export interface Learned {
  /** Whether they list referrers, by their hosts. */
  readonly lists: Map<string, boolean>
  /** One after the other changes what is kept under a tag. */
  readonly inTurn: turns.Turns
}

export const learned = (): Learned => ({ lists: new Map(), inTurn: turns.make() })

/** The tag under which clients keep what refers to a digest. */
export const tagOf = (digest: Digest.Digest): Reference.Tag => {
  const [algorithm = "", encoded = ""] = digest.split(":")
  return Reference.Tag.make(`${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replace(/[^\w.-]/g, "-"))
}

const Listed = Schema.parseJson(Schema.Struct({ manifests: Schema.NullOr(Schema.Array(Descriptor.Descriptor)) }))

/** Registries that keep no lists say so in many ways; that they have no such repository says nothing. */
const isUnsupported = (answer: Answer): boolean =>
  [400, 404, 405, 406, 501].includes(answer.status) ||
  answer.status === 200 &&
    !Option.exists(MediaType.fromContentType(answer.headers["content-type"] ?? ""), MediaType.isIndex)

const filtered = (answer: Answer): boolean =>
  (answer.headers["oci-filters-applied"] ?? "").split(",").some((_) => _.trim() === "artifactType")

const api = (place: manifests.Place, digest: string, artifactType: string | undefined) =>
  addresses.withQuery(
    at(place.target, `/v2/${place.repository}/referrers/${digest}`),
    artifactType === undefined ? [] : [["artifactType", artifactType]]
  )

const isMissing = (error: ReadError): boolean => error._tag === "RegistryFailed" && error.status === 404

interface Kept {
  readonly index: ImageIndex.ImageIndex
  readonly etag: Option.Option<string>
}

/** What clients keep under the tag; nothing if there is no such tag. */
const kept = (
  place: manifests.Place,
  digest: Digest.Digest
): Effect.Effect<Option.Option<Kept> | "Other", ReadError> =>
  manifests.read(place, tagOf(digest)).pipe(
    Effect.map(([{ value }, answer]) =>
      Option.isSome(value) && value.value._tag === "Index"
        ? Option.some({ index: value.value.index, etag: Option.fromNullable(answer.headers["etag"]) })
        : "Other"
    ),
    Effect.catchIf(isMissing, () => Effect.succeedNone)
  )

/** The descriptors of what refers to a digest, each once. */
export const list = (
  place: manifests.Place,
  known: Learned,
  digest: Digest.Digest,
  artifactType: MediaType.MediaType | undefined
): Stream.Stream<Descriptor.Descriptor, ReadError> =>
  Stream.suspend(() => {
    const { lists } = known
    const host = addresses.authority(place.target.registry)
    const seen = new Set<string>()
    const isWanted = (descriptor: Descriptor.Descriptor) => {
      if (seen.has(descriptor.digest) || artifactType !== undefined && descriptor.artifactType !== artifactType) {
        return false
      }
      seen.add(descriptor.digest)
      return true
    }
    const byTag = Stream.unwrap(Effect.map(kept(place, digest), (found) =>
      found === "Other" || Option.isNone(found)
        ? Stream.empty
        : Stream.filter(Stream.fromIterable(found.value.index.manifests), isWanted)))

    let hasLists = true
    const byList = pages(
      place.client,
      place.target,
      api(place, digest, artifactType),
      MediaType.ImageIndex,
      (answer) =>
        Effect.sync(() => {
          hasLists = !isUnsupported(answer)
          return hasLists
        })
    ).pipe(
      Stream.mapEffect(([answer, body]) => {
        if (!hasLists) return Effect.succeed([])
        lists.set(host, true)
        return Effect.mapBoth(Schema.decodeUnknown(Listed)(body), {
          onFailure: () => answers.failure(answer, "InvalidAnswer", "this is no list of referrers"),
          onSuccess: ({ manifests }) =>
            (manifests ?? []).filter((_) => isWanted(filtered(answer) ? { ..._, ...always(artifactType) } : _))
        })
      }),
      Stream.mapConcat((descriptors) => descriptors)
    )
    return Stream.concat(byList, Stream.suspend(() => hasLists ? Stream.empty : byTag))
  })

/** What a registry that filtered need not say again. */
const always = (artifactType: MediaType.MediaType | undefined) => artifactType === undefined ? {} : { artifactType }

/**
 * Whether a registry has lists; some say that they took note of a subject and have none. Only an answer that says so is
 * remembered. After any other one it counts as having none this time: a list under a tag that nobody needs does no harm.
 */
const hasLists = (place: manifests.Place, { lists }: Learned) =>
  Effect.gen(function*() {
    const host = addresses.authority(place.target.registry)
    const known = lists.get(host)
    if (known !== undefined) return known
    const address = api(place, `sha256:${"0".repeat(64)}`, undefined)
    const asked = { method: "GET", target: place.target, address, headers: { accept: MediaType.ImageIndex } } as const
    const answer = yield* place.client.send(asked)
    yield* answers.drop(answer)
    const isMissing = isUnsupported(answer)
    const found = answer.status === 200 && !isMissing
    if (found || isMissing) lists.set(host, found)
    return found
  })

/** How often a list is written that others change too. */
const changes = 10

/** A list that others change faster than it is written and read: what was written last may be lost. */
const overwritten = (place: manifests.Place, tag: Reference.Tag): RegistryFailed =>
  failed(
    { method: "PUT", address: manifests.addressOf(place, tag) },
    "Unavailable",
    `other programs overwrote this list of referrers each of the ${changes} times that it was changed; once they are ` +
      "done, push or delete the manifest again"
  )

/** Changes what is kept under the tag of a digest, no matter who else does. */
const update = (
  place: manifests.Place,
  known: Learned,
  subject: Digest.Digest,
  f: (entries: ReadonlyArray<Descriptor.Descriptor>) => ReadonlyArray<Descriptor.Descriptor>
): Effect.Effect<void, UpdateError> => {
  const tag = tagOf(subject)
  const attempt = (left: number): Effect.Effect<void, UpdateError> =>
    Effect.gen(function*() {
      const found = yield* kept(place, subject)
      if (found === "Other") {
        return yield* new ContentError.InvalidDocument({
          document: "list of referrers",
          path: "mediaType",
          reason: "MediaTypeMismatch",
          rule: `the tag ${tag} should have an index, and has something else, which is left as it is`
        })
      }
      const index = Option.match(found, { onNone: () => ImageIndex.make([]), onSome: ({ index }) => index })
      const changed = f(index.manifests)
      if (changed === index.manifests) return
      if (left === 0) return yield* overwritten(place, tag)
      // Those who change it at the same time do not all come again at once.
      if (left < changes) yield* place.client.recover(place.target.registry)
      const content = yield* Content.make(ImageIndex.codec, { ...index, manifests: changed }).pipe(
        Effect.provideService(Hasher.Hasher, place.hasher)
      )
      const condition = Option.flatMap(found, ({ etag }) => etag)
      yield* manifests.put(place, content, tag, {
        headers: Option.match(condition, { onNone: () => ({}), onSome: (etag) => ({ "if-match": etag }) })
      }).pipe(Effect.catchIf((error) => error._tag === "RegistryFailed" && error.status === 412, () => Effect.void))
      // Somebody else may have written between reading and writing: what is there now shows it.
      yield* attempt(left - 1)
    })
  const key = `${addresses.authority(place.target.registry)}/${place.repository}:${tag}`
  return known.inTurn(key)(attempt(changes))
}

/** What a manifest says of itself in a list of referrers. */
const entryOf = ({ bytes, descriptor }: Content.Content<unknown>): Option.Option<{
  readonly subject: Digest.Digest
  readonly entry: Descriptor.Descriptor
}> =>
  Option.flatMap(manifests.own(bytes), ({ annotations, artifactType, config, subject }) => {
    if (subject === undefined || subject === null || !Digest.isDigest(subject.digest)) return Option.none()
    const type = Either.getRight(
      Schema.decodeUnknownEither(MediaType.MediaType)(artifactType ?? config?.mediaType)
    )
    return Option.some({
      subject: subject.digest,
      entry: {
        ...Descriptor.bare(descriptor),
        ...always(Option.getOrUndefined(type)),
        ...(annotations === undefined || annotations === null ? {} : { annotations })
      }
    })
  })

/** Keeps the list of what a manifest refers to, unless the registry does. */
export const pushed = (
  place: manifests.Place,
  known: Learned,
  manifest: Content.Content<unknown>,
  answer: Answer
): Effect.Effect<void, UpdateError> =>
  Option.match(entryOf(manifest), {
    onNone: () => Effect.void,
    onSome: ({ entry, subject }) =>
      Effect.gen(function*() {
        if (answer.headers["oci-subject"] !== undefined && (yield* hasLists(place, known))) return
        yield* update(place, known, subject, (entries) =>
          entries.some(({ digest }) => digest === entry.digest)
            ? entries
            : [...entries, entry])
      })
  })

/** Takes a manifest out of the list of what it refers to, before it is deleted. */
export const deleting = (
  place: manifests.Place,
  known: Learned,
  digest: Digest.Digest
): Effect.Effect<void, UpdateError> =>
  Effect.gen(function*() {
    const manifest = yield* manifests.fetch(place, digest)
    const found = entryOf(manifest)
    if (Option.isNone(found) || (yield* hasLists(place, known))) return
    yield* update(place, known, found.value.subject, (entries) => {
      const others = entries.filter((entry) => entry.digest !== digest)
      return others.length === entries.length ? entries : others
    })
  })
