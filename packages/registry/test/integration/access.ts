import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeHasher, NodeRegistryHttp } from "@ociman/node"
import { Content, Digest, ImageManifest, MediaType, Reference } from "@ociman/oci"
import { Credential, Credentials, Registry, Repository, SecurityPolicy } from "@ociman/registry"
import { LocalRegistry } from "@ociman/testing"
import { Chunk, Effect, Layer, Redacted, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { createPrivateKey, sign, X509Certificate } from "node:crypto"
import * as Http from "node:http"

const alice = { username: "alice", password: Redacted.make("s3cret: \"ü\"") }

const tag = Reference.Tag.make("1.0")

/** A key, and a certificate that it signed itself, for this machine. */
const certificate = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-access-" })
  const [key, file] = [`${directory}/key.pem`, `${directory}/certificate.pem`]
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
  yield* Effect.sync(() =>
    execFileSync("openssl", ["req", "-x509", ...fresh, ...names, "-keyout", key, "-out", file], { stdio: "pipe" })
  )
  return { key, file, keyText: yield* fs.readFileString(key), text: yield* fs.readFileString(file) }
})

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

const service = "ociman tests"

/** A token as Distribution verifies them. */
const jwt = (scopes: ReadonlyArray<string>, key: string, certificate: string) => {
  const now = Math.floor(Date.now() / 1000)
  const access = scopes.map((scope) => {
    const [type, name, actions = ""] = scope.split(":")
    return { type, name, actions: actions.split(",") }
  })
  const header = { typ: "JWT", alg: "ES256", x5c: [new X509Certificate(certificate).raw.toString("base64")] }
  const claims = { iss: "tests", sub: "alice", aud: service, exp: now + 300, nbf: now - 60, iat: now, jti: "1", access }
  const signed = `${base64(header)}.${base64(claims)}`
  const signature = sign("sha256", Buffer.from(signed), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" })
  return `${signed}.${signature.toString("base64url")}`
}

/** Gives out tokens to alice, and remembers what they were asked for. */
const tokenServer = (key: string, certificate: string) =>
  Effect.gen(function*() {
    const asked: Array<ReadonlyArray<string>> = []
    const expected = `Basic ${Buffer.from(`alice:${Redacted.value(alice.password)}`).toString("base64")}`
    const server = Http.createServer((request, response) => {
      const scopes = new URL(request.url ?? "", "http://token").searchParams.getAll("scope")
      if (request.headers.authorization !== expected) return response.writeHead(401).end()
      asked.push(scopes)
      response.end(JSON.stringify({ token: jwt(scopes, key, certificate), expires_in: 300 }))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    const address = server.address()
    return { asked, realm: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/token` }
  })

const client = (
  host: string,
  http: NodeRegistryHttp.Options = {},
  { password = alice.password, policy = SecurityPolicy.defaults } = {}
) =>
  Registry.layer({ policy }).pipe(
    Layer.provide([
      Layer.orDie(NodeRegistryHttp.layer(http)),
      Credentials.layerMemory([[Repository.registryKey(host), Credential.login(alice.username, password)]])
    ]),
    Layer.provideMerge(NodeHasher.layer)
  )

/** Pushes a blob and a manifest, takes the blob over, reads all of it back, and deletes it. */
const roundTrip = (host: string) =>
  Effect.gen(function*() {
    const [first, second] = [Repository.make(`${host}/team/first`), Repository.make(`${host}/team/second`)]
    const bytes = Buffer.from("hello, registry")
    const blob = yield* Content.describe(MediaType.OctetStream, bytes)
    yield* Registry.ping(Repository.registryKey(host))
    assert.strictEqual(yield* Registry.pushBlob(first, blob, Stream.make(bytes)), "Pushed")
    assert.strictEqual(yield* Registry.pushBlob(second, blob, Stream.make(bytes), { from: [first] }), "Mounted")
    const manifest = yield* Content.make(ImageManifest.codec, ImageManifest.make({ config: blob, layers: [blob] }))
    yield* Registry.pushManifest(second, manifest, { tags: [tag] })
    const read = yield* Registry.fetchManifest(second, tag)
    assert.strictEqual(read.descriptor.digest, manifest.descriptor.digest)
    const parts = yield* Stream.runCollect(Registry.fetchBlob(second, blob))
    assert.strictEqual(Buffer.concat(Chunk.toReadonlyArray(parts)).toString(), "hello, registry")
    yield* Registry.deleteManifest(second, Digest.Digest.make(manifest.descriptor.digest))
    yield* Registry.deleteBlob(second, Digest.Digest.make(blob.digest))
  })

/** Defines tests of authentication at a real registry. */
export const accessSuite = (): void => {
  layer(NodeContext.layer, { excludeTestServices: true, timeout: "1 minute" })("a registry", (it) => {
    it.scoped(
      "with a password permits all operations with it, and none without",
      () =>
        Effect.gen(function*() {
          const { host } = yield* LocalRegistry.make({ credentials: alice })
          yield* Effect.provide(roundTrip(host), client(host))
          const wrong = client(host, {}, { password: Redacted.make("another-secret") })
          const error = yield* Effect.flip(Effect.provide(Registry.ping(Repository.registryKey(host)), wrong))
          assert.strictEqual(error.reason, "Denied")
          assert.notInclude(error.message, "another-secret")
        })
    )

    it.scoped("with a certificate is trusted if its authority is known", () =>
      Effect.gen(function*() {
        const { file, key, text } = yield* certificate
        const tls = { certificate: file, key }
        const { host } = yield* LocalRegistry.make({ settings: { http: { addr: "127.0.0.1:0", tls } } })
        yield* Effect.provide(roundTrip(host), client(host, { certificateAuthorities: [text] }))
        const error = yield* Effect.flip(Effect.provide(Registry.ping(Repository.registryKey(host)), client(host)))
        assert.strictEqual(error.reason, "Unreachable")
        assert.include(error.message, "CERT")
      }))

    it.scoped("with a token server is sent one token per scope", () =>
      Effect.gen(function*() {
        const { file, keyText, text } = yield* certificate
        const { asked, realm } = yield* tokenServer(keyText, text)
        const token = { realm, service, issuer: "tests", rootcertbundle: file }
        const { host } = yield* LocalRegistry.make({ settings: { auth: { token } } })
        const policy = SecurityPolicy.make({ trustedHosts: ["127.0.0.1"] })
        yield* Effect.provide(roundTrip(host), client(host, {}, { policy }))
        const scopes = asked.map((scopes) => scopes.join(" "))
        deepStrictEqual(scopes, Array.from(new Set(scopes)))
        assert.include(scopes, "repository:team/first:pull,push")
        assert.isTrue(scopes.some((text) => text.includes("team/first:pull") && text.includes("team/second:pull,push")))
        // The token server is on a private address other than the registry's, and not trusted.
        const error = yield* Effect.flip(Effect.provide(Registry.ping(Repository.registryKey(host)), client(host)))
        assert.strictEqual(error.reason, "Refused")
      }))
  })
}
