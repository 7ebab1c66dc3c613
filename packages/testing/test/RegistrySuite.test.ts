import { NodeHttpServer } from "@effect/platform-node"
import { NodeHasher, NodeRegistryHttp } from "@ociman/node"
import { Credential, Credentials, Registry, Repository, SecurityPolicy } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import * as RegistrySuite from "@ociman/testing/RegistrySuite"
import { Effect, Layer, Redacted } from "effect"
import { createServer } from "node:http"

const memory = Layer.provideMerge(Registry.layerMemory, NodeHasher.layer)

RegistrySuite.suite("a registry in memory", memory, { host: Effect.succeed("registry.example.com") })

const host = Effect.map(FaultyRegistry.FaultyRegistry, (registry) => registry.host)

const alice = { username: "alice", password: Redacted.make("s3cret") }

const credentials = Credentials.layerMemory([
  [Repository.registryKey("registry.example.com"), Credential.login(alice.username, alice.password)]
])

const inProcess = (script: FaultyRegistry.Script) =>
  Registry.layer({ retryDelay: "1 millis" }).pipe(
    Layer.provideMerge(FaultyRegistry.layer(script)),
    Layer.provide(credentials),
    Layer.provideMerge(NodeHasher.layer)
  )

const { healthy, on, pass } = FaultyRegistry

RegistrySuite.suite("a faulty registry without faults", inProcess(healthy), { host })

RegistrySuite.suite(
  "a faulty registry without the referrers API",
  inProcess(FaultyRegistry.withOptions(healthy, { referrers: false })),
  { host }
)

RegistrySuite.suite("a faulty registry with a password", inProcess(FaultyRegistry.basicAuth(healthy, alice)), { host })

RegistrySuite.suite(
  "a faulty registry with tokens for few requests",
  inProcess(FaultyRegistry.tokenAuth(healthy, { credentials: alice, uses: 20 })),
  { host }
)

RegistrySuite.suite(
  "a faulty registry that sometimes loses connections and is busy",
  inProcess(healthy.pipe(
    on("GET *", FaultyRegistry.drop, { times: 3 }),
    on("GET *", FaultyRegistry.tooManyRequests("0"), { times: 2 }),
    on("GET *", FaultyRegistry.cutAfter(pass, 10), { times: 3 }),
    on("P* *", FaultyRegistry.loseUploadAfter(pass, 5), { times: 3 }),
    on("P* *", FaultyRegistry.error(503, "UNAVAILABLE"), { times: 2 })
  )),
  { host }
)

const server = Layer.orDie(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))

RegistrySuite.suite(
  "a faulty registry without faults, on a port",
  Layer.unwrapEffect(
    Effect.map(
      FaultyRegistry.FaultyRegistry,
      ({ host }) => Registry.layer({ policy: SecurityPolicy.make({ plainHttp: [host] }) })
    )
  ).pipe(
    Layer.provide(Layer.merge(NodeRegistryHttp.layer(), Credentials.layerMemory())),
    Layer.provideMerge(Layer.provide(FaultyRegistry.layerServer(healthy), server)),
    Layer.provideMerge(NodeHasher.layer)
  ),
  { host }
)
