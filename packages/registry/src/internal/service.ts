/** The client of registries, put together. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Content from "@ociman/oci/Content"
import * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as Hasher from "@ociman/oci/Hasher"
import * as Reference from "@ociman/oci/Reference"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Credentials, layerMemory } from "../Credentials.js"
import * as MemoryRegistry from "../MemoryRegistry.js"
import type { ListOptions, Options, PushBlobOptions, ReadError, Service } from "../Registry.js"
import type { RegistryError } from "../RegistryError.js"
import { RegistryKey } from "../RegistryKey.js"
import * as RegistryProfile from "../RegistryProfile.js"
import { key as repositoryKey, type Repository } from "../Repository.js"
import * as SecurityPolicy from "../SecurityPolicy.js"
import * as TokenScope from "../TokenScope.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import * as blobs from "./blobs.js"
import * as client from "./client.js"
import { at } from "./endpoints.js"
import * as documents from "./manifests.js"
import { names } from "./pages.js"
import type { Target } from "./proofs.js"
import * as referring from "./referrers.js"
import * as streams from "./streams.js"
import type { Answer } from "./transport.js"
import * as turns from "./turns.js"
import * as uploads from "./uploads.js"

const pull = (repository: Repository) => [TokenScope.repository(repository.path, ["pull"])]

const write = (repository: Repository, others: ReadonlyArray<Repository> = []) => [
  TokenScope.repository(repository.path, ["pull", "push"]),
  ...others.map(({ path }) => TokenScope.repository(path, ["pull"]))
]

const erase = (repository: Repository) => [TokenScope.repository(repository.path, ["delete", "pull"])]

const settings = ({
  answerTimeout = "1 minute",
  documentTimeout = "5 minutes",
  longestDelay = "2 minutes",
  policy = SecurityPolicy.defaults,
  retries = 5,
  retryDelay = "250 millis",
  stallTimeout = "1 minute",
  userAgent = "ociman"
}: Options): client.Settings => ({
  policy,
  deadlines: {
    headers: Duration.decode(answerTimeout),
    stall: Duration.decode(stallTimeout),
    document: Duration.decode(documentTimeout)
  },
  retries: { times: retries, base: Duration.decode(retryDelay), longest: Duration.decode(longestDelay) },
  userAgent
})

const attributes = (to: Repository | RegistryKey, more: Readonly<Record<string, unknown>> = {}) => ({
  captureStackTrace: false,
  attributes: { registry: to.host, repository: to.path, ...more }
})

/** More than anybody pushes between looking for it and pushing it. */
const mostMisses = 10_000

/** Blobs that somebody just looked for in vain, who are pushed next and need not be looked for again. */
const misses = () => {
  const all = new Set<string>()
  const key = (repository: Repository, digest: Digest.Digest) => `${repository}@${digest}`
  return {
    note: (repository: Repository, digest: Digest.Digest, isMissing: boolean): void => {
      if (isMissing && all.size < mostMisses) all.add(key(repository, digest))
      else all.delete(key(repository, digest))
    },
    /** Whether it was missed. That holds once: if the push fails, it may be there. */
    forget: (repository: Repository, digest: Digest.Digest): boolean => all.delete(key(repository, digest))
  }
}

/** Another stream if one fails before it has anything. */
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

/** Hears answers, and explains by the last one why content is damaged. */
const listener = () => {
  let last: Answer | undefined
  return {
    heard: (answer: Answer): void => {
      last = answer
    },
    explain: <E>(error: E) =>
      last !== undefined && answers.isEncoded(last) && ContentError.isDamage(error) ? answers.encoded(last) : error
  }
}

export const make = (
  options: Options = {}
): Effect.Effect<Service, never, HttpClient.HttpClient | Credentials | Hasher.Hasher> =>
  Effect.gen(function*() {
    const hasher = yield* Hasher.Hasher
    const http = yield* HttpClient.HttpClient
    const made = Effect.flatMap(Credentials, (credentials) => client.make(http, credentials, settings(options)))
    const own = yield* made
    const { endpoints, requests } = own
    const { chunkSize = 4 * 1024 * 1024, mirrors = {}, parallelParts = 1, partSize = 8 * 1024 * 1024, profiles = {} } =
      options
    const parts: blobs.Parts = { concurrency: parallelParts, size: partSize }
    const profileOf = (host: string) => profiles[host] ?? RegistryProfile.of(host)
    const tooLarge = new Map<string, number>()
    const missed = misses()
    const known = referring.learned()
    const inTurn = turns.make()

    const verify = (descriptor: Descriptor.Descriptor) => <E>(bytes: Stream.Stream<Uint8Array, E>) =>
      Stream.provideService(Content.verify(descriptor)(bytes), Hasher.Hasher, hasher)

    const verified = <E>(descriptor: Descriptor.Descriptor, bytes: Effect.Effect<Uint8Array, E>) =>
      Effect.tap(bytes, (bytes) => Effect.provideService(Content.verifyBytes(descriptor, bytes), Hasher.Hasher, hasher))

    const targetOf = (repository: Repository, scopes: ReadonlyArray<TokenScope.TokenScope>) =>
      endpoints.target(repositoryKey(repository), scopes)

    const blobAt = (target: Target, { path }: Repository, digest: Digest.Digest): blobs.Place => ({
      client: requests,
      target,
      repository: path,
      digest
    })

    const blob = (repository: Repository, digest: Digest.Digest, scopes = pull(repository)) =>
      Effect.map(targetOf(repository, scopes), (target) => blobAt(target, repository, digest))

    const manifestsAt = (target: Target, { path }: Repository): documents.Place => ({
      client: requests,
      hasher,
      target,
      repository: path
    })

    const manifests = (repository: Repository, scopes = pull(repository)) =>
      Effect.map(targetOf(repository, scopes), (target) => manifestsAt(target, repository))

    /** Those that may have what a repository has, before itself. */
    const mirrorsOf = (repository: Repository): Effect.Effect<ReadonlyArray<Target>, RegistryError> =>
      Effect.forEach(mirrors[repository.host] ?? [], ({ host, isProxy = false }) =>
        Effect.map(
          endpoints.target(new RegistryKey({ host, path: repository.path }), pull(repository)),
          (target) => isProxy ? { ...target, namespace: repository.host } : target
        ))

    /** The first that is found. What is wrong with mirrors is of no interest as long as the registry is there. */
    const found = <A, E>(
      repository: Repository,
      look: (target: Target) => Effect.Effect<Option.Option<A>, E>
    ): Effect.Effect<Option.Option<A>, E | RegistryError> =>
      Effect.gen(function*() {
        for (const mirror of yield* mirrorsOf(repository)) {
          const there = yield* Effect.orElseSucceed(look(mirror), () => Option.none<A>())
          if (Option.isSome(there)) return there
        }
        return yield* look(yield* targetOf(repository, pull(repository)))
      })

    /** The bytes of the first that sends any. */
    const firstBytes = <E>(
      repository: Repository,
      open: (target: Target) => Stream.Stream<Uint8Array, E>
    ): Stream.Stream<Uint8Array, E | RegistryError> =>
      Stream.unwrap(Effect.gen(function*() {
        const own = open(yield* targetOf(repository, pull(repository)))
        return (yield* mirrorsOf(repository)).reduceRight((otherwise, mirror) => orElse(open(mirror), otherwise), own)
      }))

    const list = (
      key: RegistryKey,
      scopes: ReadonlyArray<TokenScope.TokenScope>,
      path: string,
      member: "tags" | "repositories",
      { pageSize }: ListOptions = {}
    ) =>
      Stream.unwrap(Effect.map(endpoints.target(key, scopes), (target) => {
        const { largestPage } = profileOf(key.host)
        const page = pageSize === undefined ? [] : [["n", String(Math.min(pageSize, largestPage))] as const]
        return names(requests, target, addresses.withQuery(at(target, path), page), member)
      }))

    const ping: Service["ping"] = (registry, { credential } = {}) =>
      Effect.gen(function*() {
        const { endpoints, requests } = credential === undefined
          ? own
          : yield* Effect.provide(made, layerMemory([[registry, credential]]))
        const target = yield* endpoints.target(registry, [])
        const address = at(target, "/v2/")
        yield* Effect.flatMap(requests.expect({ method: "GET", target, address }, 200), answers.drop)
      }).pipe(Effect.withSpan("Registry.ping", attributes(registry)))

    const catalog: Service["catalog"] = (registry, options) =>
      list(registry, [TokenScope.catalog], "/v2/_catalog", "repositories", options).pipe(
        Stream.withSpan("Registry.catalog", attributes(registry))
      )

    const tags: Service["tags"] = (repository, options) =>
      list(repositoryKey(repository), pull(repository), `/v2/${repository.path}/tags/list`, "tags", options).pipe(
        Stream.filter(Schema.is(Reference.Tag)),
        Stream.withSpan("Registry.tags", attributes(repository))
      )

    const statBlob: Service["statBlob"] = (repository, digest) =>
      found(repository, (target) => blobs.stat(blobAt(target, repository, digest))).pipe(
        Effect.tap((there) => Effect.sync(() => missed.note(repository, digest, Option.isNone(there)))),
        Effect.withSpan("Registry.statBlob", attributes(repository, { digest }))
      )

    const fetchBlob: Service["fetchBlob"] = (repository, descriptor) => {
      const { digest, size } = descriptor
      const bytes = Stream.suspend((): Stream.Stream<Uint8Array, ReadError> => {
        if (!Digest.isDigest(digest)) return Stream.fail(new ContentError.UnsupportedDigest({ digest }))
        const { explain, heard } = listener()
        const all = firstBytes(repository, (target) =>
          blobs.fetchParts({ ...blobAt(target, repository, digest), heard }, { offset: 0, length: size }, parts, size))
        return Stream.mapError(verify(descriptor)(all), explain)
      })
      return Stream.withSpan(bytes, "Registry.fetchBlob", attributes(repository, { digest }))
    }

    const fetchBlobBytes: Service["fetchBlobBytes"] = (repository, descriptor) =>
      Effect.gen(function*() {
        const { digest } = descriptor
        if (!Digest.isDigest(digest)) {
          return yield* new ContentError.UnsupportedDigest({ digest })
        }
        const fetchFrom = (target: Target) => {
          const { explain, heard } = listener()
          const bytes = blobs.whole({ ...blobAt(target, repository, digest), heard }, descriptor.size)
          return Effect.mapError(verified(descriptor, bytes), explain)
        }
        for (const mirror of yield* mirrorsOf(repository)) {
          const there = yield* Effect.option(fetchFrom(mirror))
          if (Option.isSome(there)) {
            return there.value
          }
        }
        return yield* fetchFrom(yield* targetOf(repository, pull(repository)))
      }).pipe(Effect.withSpan("Registry.fetchBlobBytes", attributes(repository, { digest: descriptor.digest })))

    const fetchBlobRange: Service["fetchBlobRange"] = (repository, digest, range) =>
      firstBytes(repository, (target) =>
        blobs.fetchRange(blobAt(target, repository, digest), range, parts)).pipe(
          Stream.withSpan("Registry.fetchBlobRange", attributes(repository, { digest }))
        )

    const goalOf = (place: blobs.Place, { host }: Repository, size: number): uploads.Goal => ({
      ...place,
      size,
      chunkSize: Math.min(chunkSize, profileOf(host).largestChunk),
      tooLarge
    })

    const takeOver = (goal: uploads.Goal, from: ReadonlyArray<Repository>) =>
      Effect.gen(function*() {
        for (const { path } of from) {
          const mounted = yield* Effect.catchAll(uploads.mount(goal, path), () =>
            Effect.succeedNone)
          if (mounted === "Mounted" || Option.isSome(mounted)) return mounted
        }
        return Option.none<uploads.Session>()
      })

    /** Pushes by a function, unless the blob is there or can be mounted. */
    const pushBy = <E>(
      repository: Repository,
      descriptor: Descriptor.Descriptor,
      { anew = false, from = [] }: PushBlobOptions,
      send: (goal: uploads.Goal, opened: Option.Option<uploads.Session>) => Effect.Effect<void, E>
    ) =>
      Effect.gen(function*() {
        const { digest, size } = descriptor
        if (!Digest.isDigest(digest)) {
          return yield* new ContentError.UnsupportedDigest({ digest })
        }
        const others = anew ? [] : from.filter(({ host, path }) => host === repository.host && path !== repository.path)
        const place = yield* blob(repository, digest, write(repository))
        const there = missed.forget(repository, digest) || anew
          ? "Unknown"
          : yield* Effect.orElseSucceed(blobs.peek(place), () => "Unknown" as const)
        if (there !== "Unknown" && Option.exists(there, (stat) => Option.getOrElse(stat.size, () => size) === size)) {
          return "Present"
        }
        const goal = goalOf(place, repository, size)
        const mounting = { ...goal, target: { ...place.target, scopes: write(repository, others) } }
        const opened = yield* takeOver(mounting, others)
        if (opened === "Mounted") return "Mounted"
        yield* send(goal, opened)
        return "Pushed"
      }).pipe(
        // Who sends what is being sent disturbs those who already point to it, and would do so in vain.
        inTurn(`${repository}@${descriptor.digest}`),
        Effect.withSpan("Registry.pushBlob", attributes(repository, { digest: descriptor.digest }))
      )

    const pushBlob: Service["pushBlob"] = (repository, descriptor, content, options = {}) =>
      pushBy(repository, descriptor, options, (goal, opened) => uploads.push(goal, verify(descriptor)(content), opened))

    const pushBlobBytes: Service["pushBlobBytes"] = (repository, descriptor, bytes, options = {}) =>
      pushBy(repository, descriptor, options, (goal, opened) =>
        uploads.pushBytes(goal, verified(descriptor, bytes), opened))

    const mountBlob: Service["mountBlob"] = (repository, digest, from) =>
      Effect.gen(function*() {
        if (from.host !== repository.host) {
          return false
        }
        const place = yield* blob(repository, digest, write(repository, [from]))
        const goal = goalOf(place, repository, 0)
        const mounted = yield* uploads.mount(goal, from.path)
        if (mounted === "Mounted") {
          return true
        }
        if (Option.isSome(mounted)) {
          yield* uploads.cancel(goal, mounted.value)
        }
        return false
      }).pipe(Effect.withSpan("Registry.mountBlob", attributes(repository, { digest, from: from.path })))

    const deleteBlob: Service["deleteBlob"] = (repository, digest) =>
      Effect.flatMap(blob(repository, digest, erase(repository)), blobs.remove).pipe(
        Effect.withSpan("Registry.deleteBlob", attributes(repository, { digest }))
      )

    const statManifest: Service["statManifest"] = (repository, name) =>
      found(repository, (target) =>
        documents.stat(manifestsAt(target, repository), name)).pipe(
          Effect.withSpan("Registry.statManifest", attributes(repository, { reference: name }))
        )

    const fetchManifest: Service["fetchManifest"] = (repository, name) =>
      Effect.gen(function*() {
        for (const mirror of yield* mirrorsOf(repository)) {
          const there = yield* Effect.option(documents.fetch(manifestsAt(mirror, repository), name))
          if (Option.isSome(there)) {
            return there.value
          }
        }
        return yield* documents.fetch(yield* manifests(repository), name)
      }).pipe(
        Effect.withSpan("Registry.fetchManifest", attributes(repository, { reference: name }))
      )

    const pushManifest: Service["pushManifest"] = (repository, manifest, { tags = [] } = {}) =>
      Effect.gen(function*() {
        const place = yield* manifests(repository, write(repository))
        const answer = yield* documents.push(place, manifest, tags)
        yield* referring.pushed(place, known, manifest, answer)
      }).pipe(Effect.withSpan("Registry.pushManifest", attributes(repository, { digest: manifest.descriptor.digest })))

    const deleteManifest: Service["deleteManifest"] = (repository, digest) =>
      Effect.gen(function*() {
        yield* referring.deleting(yield* manifests(repository, write(repository)), known, digest)
        yield* documents.remove(yield* manifests(repository, erase(repository)), digest)
      }).pipe(Effect.withSpan("Registry.deleteManifest", attributes(repository, { digest })))

    const untag: Service["untag"] = (repository, tag) =>
      Effect.flatMap(manifests(repository, erase(repository)), (place) =>
        documents.remove(place, tag)).pipe(
          Effect.withSpan("Registry.untag", attributes(repository, { reference: tag }))
        )

    const referrers: Service["referrers"] = (repository, subject, { artifactType } = {}) =>
      Stream.unwrap(
        Effect.map(manifests(repository), (place) =>
          referring.list(place, known, subject, artifactType))
      ).pipe(Stream.withSpan("Registry.referrers", attributes(repository, { digest: subject })))

    return {
      writesAtOnce: options.writesAtOnce ?? false,
      ping,
      catalog,
      tags,
      statBlob,
      fetchBlob,
      fetchBlobBytes,
      fetchBlobRange,
      pushBlob,
      pushBlobBytes,
      mountBlob,
      deleteBlob,
      statManifest,
      fetchManifest,
      pushManifest,
      deleteManifest,
      untag,
      referrers
    }
  })

/** One registry for each host, in memory. */
export const makeMemory: Effect.Effect<Service, never, Hasher.Hasher> = Effect.gen(function*() {
  const made = MemoryRegistry.make().pipe(Effect.provideService(Hasher.Hasher, yield* Hasher.Hasher))
  const registries = new Map<string, MemoryRegistry.MemoryRegistry>()
  const at = (host: string) =>
    Effect.map(made, (fresh) => {
      const registry = registries.get(host) ?? fresh
      registries.set(host, registry)
      return registry
    })
  const http = MemoryRegistry.httpClient((request) =>
    Effect.flatMap(at(request.host), ({ respond }) => respond(request))
  )
  return yield* make().pipe(
    Effect.provideService(HttpClient.HttpClient, http),
    Effect.provide(layerMemory())
  )
})
