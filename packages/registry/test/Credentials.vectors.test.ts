import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Credential, Credentials, Repository } from "@ociman/registry"
import { Effect, Either, Redacted } from "effect"
import { applicableKeys } from "../src/internal/credentials/applicableKeys.js"
import { hostOf } from "../src/internal/credentials/authFile.js"
import { answer, home, notFound, plain } from "./support.js"
import { areOptional, load } from "./vectors.js"

interface Result {
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
  readonly error?: string
  readonly helperCalls?: ReadonlyArray<ReadonlyArray<string>>
}

interface Vectors {
  readonly configs: Readonly<Record<string, { readonly content: string }>>
  readonly cases: ReadonlyArray<
    {
      readonly config: string
      readonly key: string
      readonly format?: string
      readonly podman: Result
      readonly docker?: Result
    }
  >
  readonly helperDatabase: {
    readonly helpers: Readonly<Record<string, Readonly<Record<string, string | readonly [string, string]>>>>
  }
  readonly convertToHostname: { readonly cases: ReadonlyArray<{ readonly in: string; readonly out: string }> }
  readonly lookupOrder: {
    readonly cases: ReadonlyArray<{ readonly key: string; readonly order: ReadonlyArray<string> }>
  }
  readonly validKeys: {
    readonly cases: ReadonlyArray<{ readonly key: string; readonly valid: boolean; readonly namespaced?: boolean }>
  }
  readonly dockerAuthConfigEnv: {
    readonly cases: ReadonlyArray<{
      readonly DOCKER_AUTH_CONFIG: string
      readonly credentials?: Readonly<Record<string, { readonly username: string; readonly password: string }>>
    }>
  }
  readonly decodeRules: {
    readonly cases: ReadonlyArray<{
      readonly auth?: string
      readonly username?: string
      readonly password?: string
      readonly store?: { readonly username: string; readonly password: string }
      readonly ok?: boolean
    }>
  }
  readonly removal: {
    readonly cases: ReadonlyArray<{
      readonly keys: ReadonlyArray<string>
      readonly remove: ReadonlyArray<string>
      readonly error?: string
      readonly left: ReadonlyArray<string>
    }>
  }
}

const vectors = load<Vectors>("authconfig")

/** Credentials that Docker or Podman would use; both treat an error like a missing entry. */
const visible = ({ error, helperCalls: _, username, ...rest }: Result) =>
  error !== undefined ? {} : { ...rest, ...(username === undefined || username === "<token>" ? {} : { username }) }

const helpers = Object.entries(vectors?.helperDatabase.helpers ?? {}).map(([name, database]) => {
  const cases = Object.entries(database).map(([server, found]) =>
    `'${server}') ${
      typeof found !== "string"
        ? answer(found[0], found[1])
        : found === "!fail"
        ? "echo 'helper exploded'; exit 2"
        : "echo 'not json'"
    };;`
  )
  return [name, `case $input in\n${cases.join("\n")}\n*) ${notFound};;\nesac`] as const
})

/** Cases in which Docker and Podman differ and this library does the same as Docker. */
const asDocker = ["hub token side entries only", "identity token only", "username and password fields"]

describe.skipIf(vectors === undefined && areOptional)("the vectors of credentials", () => {
  it("are available", () => {
    assert.isAbove(vectors?.cases.length ?? 0, 50)
  })

  for (const { config, docker, format, key, podman } of vectors?.cases ?? []) {
    for (const tool of ["docker", "podman"] as const) {
      it.scopedLive(`find ${key} in a file of ${tool}: ${config}`, () =>
        Effect.gen(function*() {
          const { calls, credentials, helper, write } = yield* home
          for (const [name, script] of helpers) yield* helper(name, script)
          const path = format !== undefined
            ? ".dockercfg"
            : tool === "docker"
            ? ".docker/config.json"
            : ".config/containers/auth.json"
          yield* write(path, vectors?.configs[config]?.content ?? "")
          const found = yield* Credentials.resolve(Repository.registryKey(key)).pipe(Effect.provide(credentials()))
          const expected = [podman, ...(docker === undefined ? [] : [docker])]
          const requested = asDocker.includes(config) && docker !== undefined ? [docker] : expected
          const got = plain(found)
          if (!requested.some((one) => JSON.stringify(sorted(visible(one))) === JSON.stringify(sorted(got)))) {
            assert.deepStrictEqual(got, visible(podman))
          }
          const called = requested.map(({ helperCalls = [] }) => helperCalls)
          assert.deepInclude([...called, []], yield* calls)
        }).pipe(Effect.provide(NodeContext.layer)))
    }
  }

  for (const { in: key, out } of vectors?.convertToHostname.cases ?? []) {
    it(`map the key ${key} to ${out}`, () => {
      assert.strictEqual(hostOf(key), out)
    })
  }

  for (const { key, order } of vectors?.lookupOrder.cases ?? []) {
    it(`determine the order of keys for ${key}`, () => {
      assert.deepStrictEqual(applicableKeys(Repository.registryKey(key)).map(String), order)
    })
  }

  for (const { key, namespaced, valid } of vectors?.validKeys.cases ?? []) {
    it(`${valid ? "accept" : "reject"} ${key} as a registry name`, () => {
      const read = Repository.parseRegistryKey(key)
      assert.strictEqual(Either.isRight(read), valid)
      if (Either.isRight(read)) assert.strictEqual(read.right.path !== "", namespaced)
      else assert.include(read.left.message, JSON.stringify(key))
    })
  }

  for (const { DOCKER_AUTH_CONFIG, credentials: expected = {} } of vectors?.dockerAuthConfigEnv.cases ?? []) {
    it.scopedLive(`read DOCKER_AUTH_CONFIG=${DOCKER_AUTH_CONFIG}`, () =>
      Effect.gen(function*() {
        const { credentials } = yield* home
        const found = yield* Credentials.resolve(Repository.registryKey("env.example.test")).pipe(
          Effect.provide(credentials({ DOCKER_AUTH_CONFIG }))
        )
        assert.deepStrictEqual(plain(found), expected["env.example.test"] ?? {})
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  for (const { auth, ok, password = "", store, username = "" } of vectors?.decodeRules.cases ?? []) {
    it.scopedLive(`${store === undefined ? "read" : "store or reject"} ${JSON.stringify(store ?? auth)}`, () =>
      Effect.gen(function*() {
        const { credentials, write } = yield* home
        const key = Repository.registryKey("example.com")
        yield* Effect.gen(function*() {
          if (store !== undefined) {
            const login = Credential.login(store.username, Redacted.make(store.password))
            const result = yield* Effect.either(Credentials.login(key, login))
            assert.strictEqual(Either.isRight(result), ok === true)
            return assert.deepStrictEqual(plain(yield* Credentials.resolve(key)), ok === true ? { ...store } : {})
          }
          const given = auth?.startsWith("<") ? Buffer.from("u:p:q").toString("base64") : auth
          yield* write(".docker/config.json", { auths: { "example.com": { auth: given } } })
          assert.deepStrictEqual(plain(yield* Credentials.resolve(key)), { username, password })
        }).pipe(Effect.provide(credentials()))
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  for (const { keys, left, remove, ...rest } of vectors?.removal.cases ?? []) {
    it.scopedLive(`remove ${remove.join(", ")} from ${keys.join(", ")}`, () =>
      Effect.gen(function*() {
        const { credentials, read, write } = yield* home
        yield* write("run/containers/auth.json", {
          auths: Object.fromEntries(keys.map((key) => [key, { auth: "dTpw" }]))
        })
        const outcome = yield* Effect.forEach(
          remove,
          (key) => Credentials.logout(Repository.registryKey(key), { tool: "podman" })
        ).pipe(Effect.provide(credentials()), Effect.either)
        assert.strictEqual(Either.isLeft(outcome) && outcome.left.reason, rest.error !== undefined && "NotLoggedIn")
        assert.deepStrictEqual(Object.keys(JSON.parse(yield* read("run/containers/auth.json")).auths), left)
      }).pipe(Effect.provide(NodeContext.layer)))
  }
})

const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => a < b ? -1 : 1)
