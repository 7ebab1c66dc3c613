import { HttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { NodeHasher, NodeRegistryHttp } from "@ociman/node"
import { Content, type Descriptor, Digest, MediaType, Reference } from "@ociman/oci"
import { Credential, Credentials, Registry, Repository, SecurityPolicy } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { Cause, Effect, Exit, Layer, Logger, LogLevel, Option, Redacted, Schema, type Scope, Stream } from "effect"
import { createServer } from "node:http"
import { type Behaviours, type Case, failures, type Hosts, type Log, type Outcome, script } from "./behaviours.js"
import { areOptional, load } from "./vectors.js"

const vectors = load<Behaviours>("server-behaviours")

/** Unsupported cases by name, with the reason. A case that is supported by now fails. */
const notYet: Readonly<Record<string, string>> = {
  "chunks: 416 without Range, status by GET 204":
    "what a registry did not take of a chunk is sent by itself, and the case answers as if it came with more"
}

const octets = MediaType.MediaType.make("application/octet-stream")

const summary = ({ digest, mediaType, size }: Descriptor.Descriptor) => ({ digest, mediaType, size })

/** Runs the operation of a case, and returns its outcome in the vocabulary of the cases. */
const operate = ({ input, op }: Case, { registry: host }: Hosts): Effect.Effect<unknown, unknown, Registry.Registry> =>
  Effect.gen(function*() {
    const client = yield* Registry.Registry
    const repository = Repository.make(`${host}/test`)
    const { artifactType, content = "", from, mediaType, reference = "", size } = input
    const digest = Schema.decodeUnknownSync(Digest.Digest)
    const name = reference.includes(":") ? digest(reference) : Reference.Tag.make(reference === "" ? "none" : reference)
    const bytes = new TextEncoder().encode(content)
    const descriptor = () => ({ digest: digest(input.digest), mediaType: octets, size: size ?? bytes.length })
    switch (op) {
      case "pullBlob": {
        const pieces = yield* Stream.runCollect(client.fetchBlob(repository, descriptor()))
        const all = Buffer.concat([...pieces])
        const { digest } = yield* Effect.provide(
          Content.describe(octets, all, Digest.algorithm(descriptor().digest)),
          NodeHasher.layer
        )
        return { digest, size: all.length }
      }
      case "headBlob":
        return Option.isSome(yield* client.statBlob(repository, digest(input.digest)))
      case "pushBlob":
        yield* client.pushBlob(repository, descriptor(), Stream.make(bytes))
        return
      case "mountBlob":
        yield* client.pushBlob(repository, descriptor(), Stream.make(bytes), {
          from: [Repository.make(`${host}/${from}`)]
        })
        return
      case "pullManifest":
        return summary((yield* client.fetchManifest(repository, name)).descriptor)
      case "resolve":
        return summary(
          yield* Effect.flatMap(
            client.statManifest(repository, name),
            (found) => Option.isSome(found) ? Effect.succeed(found.value) : Effect.fail({ _tag: "None", status: 404 })
          )
        )
      case "pushManifest": {
        const type = MediaType.MediaType.make(mediaType ?? "")
        const described = yield* Effect.provide(Content.describe(type, bytes), NodeHasher.layer)
        const tags = Digest.isDigest(name) ? [] : [Reference.Tag.make(name)]
        yield* client.pushManifest(repository, { descriptor: described, bytes, value: undefined }, { tags })
        return
      }
      case "deleteManifest":
        yield* client.deleteManifest(repository, digest(input.digest))
        return
      case "listTags":
        return [...yield* Stream.runCollect(client.tags(repository))]
      case "catalog":
        return [...yield* Stream.runCollect(client.catalog(Repository.registryKey(host)))]
      case "referrers": {
        const type = artifactType === undefined ? undefined : MediaType.MediaType.make(artifactType)
        const found = yield* Stream.runCollect(
          client.referrers(repository, digest(input.digest), { artifactType: type })
        )
        return [...found].map(({ digest }) => digest).sort()
      }
      case "ping":
        yield* client.ping(Repository.registryKey(host))
        return
    }
    return yield* Effect.dieMessage(`an operation that nobody knows: ${op}`)
  })

interface Servers {
  readonly registry: FaultyRegistry.Service
  readonly other: FaultyRegistry.Service
  readonly http: Layer.Layer<HttpClient.HttpClient>
}

const run = (case_: Case, { http, other, registry }: Servers) =>
  Effect.gen(function*() {
    const hosts = { registry: registry.host, other: other.host }
    yield* registry.play(script(case_, "registry", hosts))
    yield* other.play(script(case_, "other", hosts))
    const { chunkSize, password, username } = case_.input
    const client = Registry.layer({
      policy: SecurityPolicy.make({ plainHttp: [hosts.registry, hosts.other] }),
      retryDelay: "1 millis",
      responseTimeout: "2 seconds",
      stallTimeout: "2 seconds",
      chunkSize
    }).pipe(Layer.provide([
      http,
      NodeHasher.layer,
      Credentials.layerMemory(
        username === undefined
          ? []
          : [[Repository.registryKey(hosts.registry), Credential.login(username, Redacted.make(password ?? ""))]]
      )
    ]))
    const exit = yield* operate(case_, hosts).pipe(
      Effect.timeout("10 seconds"),
      Effect.provide(client),
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.exit
    )
    const outcome: Outcome = Exit.match(exit, {
      onFailure: (cause) => ({ _tag: "Failed", error: Option.getOrElse(Cause.failureOption(cause), () => cause) }),
      onSuccess: (result) => ({ _tag: "Ok", result })
    })
    const log: Log = { registry: yield* registry.requests, other: yield* other.requests }
    return failures(case_, outcome, log)
  })

const { healthy } = FaultyRegistry

const forms: Record<string, Effect.Effect<Servers, never, Scope.Scope>> = {
  "in process": Effect.gen(function*() {
    const registry = yield* FaultyRegistry.make(healthy, { url: "http://127.0.0.1:5001" })
    const other = yield* FaultyRegistry.make(healthy, { url: "http://localhost:5002" })
    return { registry, other, http: Layer.succeed(HttpClient.HttpClient, FaultyRegistry.httpClient(registry, other)) }
  }).pipe(Effect.provide(NodeHasher.layer)),
  "by a network": Effect.gen(function*() {
    const serve = (host: string) =>
      Effect.gen(function*() {
        const context = yield* Layer.build(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
        const service = yield* Effect.provide(FaultyRegistry.makeServer(healthy), context)
        const port = service.host.split(":")[1]
        return { ...service, host: `${host}:${port}`, url: `http://${host}:${port}` }
      })
    return {
      registry: yield* serve("127.0.0.1"),
      other: yield* serve("localhost"),
      http: Layer.orDie(NodeRegistryHttp.layer())
    }
  }).pipe(Effect.orDie, Effect.provide(NodeHasher.layer))
}

for (const [form, servers] of Object.entries(forms)) {
  describe.skipIf(vectors === undefined && areOptional)(`behaviours of servers, ${form}`, { concurrent: true }, () => {
    it("are available", () => {
      assert.isAbove(vectors?.cases.length ?? 0, 100)
      const names = new Set(vectors?.cases.map(({ name }) => name))
      assert.deepStrictEqual(Object.keys(notYet).filter((name) => !names.has(name)), [])
    })

    for (const case_ of vectors?.cases ?? []) {
      const reason = notYet[case_.name]
      it.live(case_.name, () =>
        Effect.gen(function*() {
          const missed = yield* run(case_, yield* servers)
          if (reason === undefined) assert.deepStrictEqual(missed, [])
          else assert.notDeepEqual(missed, [], `it does this by now; it was left out since ${reason}`)
        }).pipe(Effect.scoped))
    }
  })
}
