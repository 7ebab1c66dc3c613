import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Credential, Credentials, Registry, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Layer, Option, Redacted } from "effect"

const key = Repository.registryKey("registry.example.com")

const account = { username: "alice", password: Redacted.make("s3cret") }

const alice = Credential.login(account.username, account.password)

const mallory = Credential.login("alice", Redacted.make("guessed"))

const services = (known: ReadonlyArray<readonly [Repository.RegistryKey, Credential.Credential]> = []) =>
  Registry.layer({ retries: 0 }).pipe(
    Layer.provideMerge(FaultyRegistry.layer(FaultyRegistry.basicAuth(FaultyRegistry.healthy, account))),
    Layer.provideMerge(Credentials.layerMemory(known)),
    Layer.provide(NodeHasher.layer)
  )

const username = Effect.map(Credentials.explain(key), ({ found }) => Option.flatMap(found, (found) => found.username))

const isAccepted = Effect.isSuccess(Registry.ping(key))

describe("Registry.login", () => {
  it.effect("stores a credential that the registry accepts", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Registry.login(key, alice), { _tag: "Memory" })
      deepStrictEqual(yield* username, Option.some("alice"))
      strictEqual(yield* isAccepted, true)
    }).pipe(Effect.provide(services())))

  it.effect("fails and stores nothing if the registry rejects the credential", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Registry.login(key, mallory))
      strictEqual(error._tag, "AuthenticationError")
      deepStrictEqual(yield* username, Option.none())
    }).pipe(Effect.provide(services())))

  it.effect("verifies the new credential and keeps the old one if the new one is rejected", () =>
    Effect.gen(function*() {
      yield* Registry.ping(key)
      strictEqual((yield* Effect.flip(Registry.login(key, mallory)))._tag, "AuthenticationError")
      strictEqual(yield* isAccepted, true)
    }).pipe(Effect.provide(services([[key, alice]]))))

  it.effect("does not contact the registry if verification is disabled", () =>
    Effect.gen(function*() {
      yield* Registry.login(key, mallory, { verify: false })
      deepStrictEqual(yield* FaultyRegistry.requests, [])
      deepStrictEqual(yield* username, Option.some("alice"))
      strictEqual(yield* isAccepted, false)
    }).pipe(Effect.provide(services())))
})
