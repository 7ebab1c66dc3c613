/** The client of registries, put together. */
import * as HttpClient from "@effect/platform/HttpClient"
import { Content, ContentError, type Descriptor, Digest, Hasher, Reference } from "@ociman/oci"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Credentials } from "../Credentials.js"
import type { ListOptions, Options, ReadError, Service } from "../Registry.js"
import type { RegistryKey } from "../RegistryKey.js"
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
import * as referring from "./referrers.js"
import * as uploads from "./uploads.js"

const pull = (repository: Repository) => [TokenScope.repository(repository.path, ["pull"])]

const write = (repository: Repository, others: ReadonlyArray<Repository> = []) => [
  TokenScope.repository(repository.path, ["pull", "push"]),
  ...others.map(({ path }) => TokenScope.repository(path, ["pull"]))
]

const erase = (repository: Repository) => [TokenScope.repository(repository.path, ["delete", "pull"])]

const settings = ({
  answerTimeout = "1 minute",
  longestDelay = "2 minutes",
  policy = SecurityPolicy.defaults,
  retries = 5,
  retryDelay = "250 millis",
  stallTimeout = "1 minute",
  userAgent = "ociman"
}: Options): client.Settings => ({
  policy,
  deadlines: { headers: Duration.decode(answerTimeout), stall: Duration.decode(stallTimeout) },
  retries: { times: retries, base: Duration.decode(retryDelay), longest: Duration.decode(longestDelay) },
  userAgent
})

const attributes = (to: Repository | RegistryKey, more: Readonly<Record<string, unknown>> = {}) => ({
  captureStackTrace: false,
  attributes: { registry: to.host, repository: to.path, ...more }
})

export const make = (
  options: Options = {}
): Effect.Effect<Service, never, HttpClient.HttpClient | Credentials | Hasher.Hasher> =>
  Effect.gen(function*() {
    const hasher = yield* Hasher.Hasher
    const http = yield* HttpClient.HttpClient
    const { endpoints, requests } = yield* client.make(http, yield* Credentials, settings(options))
    const { chunkSize = 4 * 1024 * 1024 } = options
    const known = referring.learned()

    const verify = (descriptor: Descriptor.Descriptor) => <E>(bytes: Stream.Stream<Uint8Array, E>) =>
      Stream.provideService(Content.verify(descriptor)(bytes), Hasher.Hasher, hasher)

    const targetOf = (repository: Repository, scopes: ReadonlyArray<TokenScope.TokenScope>) =>
      endpoints.target(repositoryKey(repository), scopes)

    const blob = (repository: Repository, digest: Digest.Digest, scopes = pull(repository)) =>
      Effect.map(
        targetOf(repository, scopes),
        (target): blobs.Place => ({ client: requests, target, repository: repository.path, digest })
      )

    const manifests = (repository: Repository, scopes = pull(repository)) =>
      Effect.map(
        targetOf(repository, scopes),
        (target): documents.Place => ({ client: requests, hasher, target, repository: repository.path })
      )

    const list = (
      key: RegistryKey,
      scopes: ReadonlyArray<TokenScope.TokenScope>,
      path: string,
      member: "tags" | "repositories",
      { pageSize }: ListOptions = {}
    ) =>
      Stream.unwrap(Effect.map(endpoints.target(key, scopes), (target) => {
        const first = addresses.withQuery(at(target, path), pageSize === undefined ? [] : [["n", String(pageSize)]])
        return names(requests, target, first, member)
      }))

    const ping: Service["ping"] = (registry) =>
      Effect.gen(function*() {
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
      Effect.flatMap(blob(repository, digest), blobs.stat).pipe(
        Effect.withSpan("Registry.statBlob", attributes(repository, { digest }))
      )

    const fetchBlob: Service["fetchBlob"] = (repository, descriptor) => {
      const { digest, size } = descriptor
      const bytes: Stream.Stream<Uint8Array, ReadError> = Digest.isDigest(digest)
        ? Stream.unwrap(Effect.map(blob(repository, digest), (place) => blobs.fetch(place, { offset: 0 }, size)))
        : Stream.fail(new ContentError.UnsupportedDigest({ digest }))
      return verify(descriptor)(bytes).pipe(Stream.withSpan("Registry.fetchBlob", attributes(repository, { digest })))
    }

    const fetchBlobRange: Service["fetchBlobRange"] = (repository, digest, range) =>
      Stream.unwrap(Effect.map(blob(repository, digest), (place) => blobs.fetchRange(place, range))).pipe(
        Stream.withSpan("Registry.fetchBlobRange", attributes(repository, { digest }))
      )

    const takeOver = (goal: uploads.Goal, from: ReadonlyArray<Repository>) =>
      Effect.gen(function*() {
        for (const { path } of from) {
          const mounted = yield* Effect.catchAll(uploads.mount(goal, path), () => Effect.succeedNone)
          if (mounted === "Mounted" || Option.isSome(mounted)) return mounted
        }
        return Option.none<uploads.Session>()
      })

    const pushBlob: Service["pushBlob"] = (repository, descriptor, content, { from = [] } = {}) =>
      Effect.gen(function*() {
        const { digest, size } = descriptor
        if (!Digest.isDigest(digest)) return yield* new ContentError.UnsupportedDigest({ digest })
        const others = from.filter(({ host, path }) => host === repository.host && path !== repository.path)
        const place = yield* blob(repository, digest, write(repository))
        const there = yield* Effect.orElseSucceed(blobs.peek(place), () => "Unknown" as const)
        if (there !== "Unknown" && Option.exists(there, (stat) => Option.getOrElse(stat.size, () => size) === size)) {
          return "Present"
        }
        const goal: uploads.Goal = { ...place, size, chunkSize }
        const mounting = { ...goal, target: { ...place.target, scopes: write(repository, others) } }
        const opened = yield* takeOver(mounting, others)
        if (opened === "Mounted") return "Mounted"
        yield* uploads.push(goal, verify(descriptor)(content), opened)
        return "Pushed"
      }).pipe(Effect.withSpan("Registry.pushBlob", attributes(repository, { digest: descriptor.digest })))

    const mountBlob: Service["mountBlob"] = (repository, digest, from) =>
      Effect.gen(function*() {
        if (from.host !== repository.host) return false
        const place = yield* blob(repository, digest, write(repository, [from]))
        const goal: uploads.Goal = { ...place, size: 0, chunkSize }
        const mounted = yield* uploads.mount(goal, from.path)
        if (mounted === "Mounted") return true
        if (Option.isSome(mounted)) yield* uploads.cancel(goal, mounted.value)
        return false
      }).pipe(Effect.withSpan("Registry.mountBlob", attributes(repository, { digest, from: from.path })))

    const deleteBlob: Service["deleteBlob"] = (repository, digest) =>
      Effect.flatMap(blob(repository, digest, erase(repository)), blobs.remove).pipe(
        Effect.withSpan("Registry.deleteBlob", attributes(repository, { digest }))
      )

    const statManifest: Service["statManifest"] = (repository, name) =>
      Effect.flatMap(manifests(repository), (place) => documents.stat(place, name)).pipe(
        Effect.withSpan("Registry.statManifest", attributes(repository, { reference: name }))
      )

    const fetchManifest: Service["fetchManifest"] = (repository, name) =>
      Effect.flatMap(manifests(repository), (place) => documents.fetch(place, name)).pipe(
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
      Effect.flatMap(manifests(repository, erase(repository)), (place) => documents.remove(place, tag)).pipe(
        Effect.withSpan("Registry.untag", attributes(repository, { reference: tag }))
      )

    const referrers: Service["referrers"] = (repository, subject, { artifactType } = {}) =>
      Stream.unwrap(
        Effect.map(manifests(repository), (place) => referring.list(place, known, subject, artifactType))
      ).pipe(Stream.withSpan("Registry.referrers", attributes(repository, { digest: subject })))

    return {
      ping,
      catalog,
      tags,
      statBlob,
      fetchBlob,
      fetchBlobRange,
      pushBlob,
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
