import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { NodeHasher, NodeRegistryHttp } from "@ociman/node"
import { Credential, Credentials, Registry, RegistryError, Repository, SecurityPolicy } from "@ociman/registry"
import { LocalRegistry } from "@ociman/testing"
import * as RegistrySuite from "@ociman/testing/RegistrySuite"
import { Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { type TokenRequest, tokenServer } from "../support/tokenServer.js"
import { allOnPath } from "../utils.js"

/** The major version of the registry that `LocalRegistry` runs: "docker-registry github.com/docker/distribution 2.8.2". */
const majorVersion = Number(
  / v?(\d+)\./.exec(
    execFileSync(allOnPath("docker-registry").length > 0 ? "docker-registry" : "registry", ["--version"], {
      encoding: "utf8"
    })
  )?.[1]
)

const alice = { username: "alice", password: Redacted.make("s3cret: \"ü\"") }

const mallory = Credential.login("alice", Redacted.make("another-secret"))

interface Tokens {
  /** Address of the token server. */
  readonly host: string
  readonly certificate: string
  readonly requests: Effect.Effect<ReadonlyArray<TokenRequest>>
}

class Trusted extends Context.Tag("Trusted")<Trusted, Option.Option<Tokens>>() {}

/** A client with credentials for the registry that trusts its authority and its token server. */
const client = (credential: Option.Option<Credential.Credential>) =>
  Layer.unwrapEffect(
    Effect.map(Effect.all([LocalRegistry.LocalRegistry, Trusted]), ([registry, tokens]) => {
      const policy = SecurityPolicy.make({ trustedHosts: Option.toArray(tokens).map(({ host }) => host) })
      const certificateAuthorities = [
        ...Option.toArray(registry.certificateAuthority),
        ...Option.toArray(tokens).map(({ certificate }) => certificate)
      ]
      return Registry.layer({ retryDelay: "1 millis", policy }).pipe(
        Layer.provide(NodeRegistryHttp.layer({ certificateAuthorities })),
        Layer.provide(Credentials.layerMemory(
          Option.toArray(credential).map((credential) => [Repository.registryKey(registry.host), credential])
        ))
      )
    })
  )

/** A registry, with a token server if `withTokens` is true. */
const start = (options: LocalRegistry.Options, withTokens: boolean) =>
  Layer.scopedContext(Effect.gen(function*() {
    const server = withTokens
      ? Option.some(yield* tokenServer(alice.username, Redacted.value(alice.password), options.encrypted === true))
      : Option.none()
    const tokens = Option.match(server, { onNone: () => ({}), onSome: ({ options }) => ({ tokens: options }) })
    return Context.make(LocalRegistry.LocalRegistry, yield* LocalRegistry.make({ ...options, ...tokens })).pipe(
      Context.add(
        Trusted,
        Option.map(server, ({ host, options: { certificate }, requests }) => ({ requests, certificate, host }))
      )
    )
  })).pipe(Layer.provideMerge(NodeHasher.layer), Layer.provide(NodeContext.layer))

const kinds = {
  "open": start({}, false),
  "with a password": start({ credentials: alice }, false),
  "with tokens": start({}, true),
  "encrypted": start({ encrypted: true }, false),
  "encrypted with a password": start({ encrypted: true, credentials: alice }, false),
  "encrypted with tokens": start({ encrypted: true }, true)
}

for (const [kind, registry] of Object.entries(kinds)) {
  const isOpen = !/password|tokens/.test(kind)
  const isEncrypted = kind.startsWith("encrypted")

  RegistrySuite.suite(
    `CNCF Distribution, ${kind}`,
    Layer.provideMerge(client(Option.some(Credential.login(alice.username, alice.password))), registry),
    // Versions before 3 delete manifests by digest only.
    { host: Effect.map(LocalRegistry.LocalRegistry, ({ host }) => host), untag: majorVersion >= 3 }
  )

  layer(registry, { excludeTestServices: true, timeout: "1 minute" })(`a local registry, ${kind},`, (it) => {
    const ping = (credential: Option.Option<Credential.Credential>) =>
      Effect.flatMap(LocalRegistry.LocalRegistry, ({ host }) => Registry.ping(Repository.registryKey(host))).pipe(
        Effect.provide(client(credential)),
        Effect.either
      )

    it.effect("accepts any user or only the configured one", () =>
      Effect.gen(function*() {
        for (const credential of [Option.none(), Option.some(mallory)]) {
          const result = yield* ping(credential)
          if (isOpen) {
            assert.strictEqual(result._tag, "Right")
          } else if (result._tag === "Left") {
            assert.strictEqual(result.left._tag, "AuthenticationError")
            assert.notInclude(result.left.message, "secret")
          } else {
            assert.fail("accepted an unknown user")
          }
        }
      }))

    if (kind.endsWith("tokens")) {
      it.effect("requests a token with the scope of the operation", () =>
        Effect.gen(function*() {
          const { host } = yield* LocalRegistry.LocalRegistry
          const tokens = yield* Effect.flatten(Trusted)
          const known = Option.some(Credential.login(alice.username, alice.password))
          const repository = Repository.make(`${host}/team/app`)
          yield* Stream.runDrain(Registry.tags(repository)).pipe(Effect.provide(client(known)), Effect.ignore)
          const requests = yield* tokens.requests
          assert.deepStrictEqual(requests.at(-1), { user: alice.username, scopes: ["repository:team/app:pull"] })
        }))
    }

    it.effect("has an http or https address", () =>
      Effect.map(LocalRegistry.LocalRegistry, ({ certificateAuthority, host, url }) => {
        assert.strictEqual(Option.isSome(certificateAuthority), isEncrypted)
        assert.strictEqual(url, `${isEncrypted ? "https" : "http"}://${host}`)
      }))

    if (isEncrypted) {
      it.effect("is unreachable for a client that does not trust its certificate authority", () =>
        Effect.gen(function*() {
          const { host } = yield* LocalRegistry.LocalRegistry
          const error = yield* Registry.ping(Repository.registryKey(host)).pipe(
            Effect.provide(
              Layer.provide(Registry.layer({ retries: 0 }), [
                NodeRegistryHttp.layer(),
                NodeHasher.layer,
                Credentials.layerMemory()
              ])
            ),
            Effect.flip
          )
          assert.isTrue(error instanceof RegistryError.RegistryFailed && error.reason === "Unreachable", String(error))
        }))
    }
  })
}
