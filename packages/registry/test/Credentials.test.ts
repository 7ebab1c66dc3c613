import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, deepStrictEqual } from "@effect/vitest/utils"
import { Credential, Credentials, Repository } from "@ociman/registry"
import { Cause, Duration, Effect, Either, FastCheck, Fiber, Inspectable, Option, Redacted, Schedule } from "effect"
import { applicableKeys } from "../src/internal/credentials/applicableKeys.js"
import * as authFile from "../src/internal/credentials/authFile.js"
import { answer, basic, type Home, home, notFound, plain } from "./support.js"

const key = Repository.registryKey("registry.example.com")

const hub = Repository.registryKey("docker.io")

const secret = "s3cret-that-nobody-sees"

const alice = Credential.login("alice", Redacted.make(secret))

const many = (name: string) => Array.from({ length: 12 }, (_, i) => Repository.registryKey(`${name}${i}.example.com`))

const entry = (username: string) => ({ auth: basic(username, "pw") })

const auths = (username: string) => ({ auths: { "registry.example.com": entry(username) } })

const outline = ({ consulted, found }: Credentials.Explanation) => ({
  consulted: consulted.map(({ at, outcome, source }) => [
    source._tag === "File" ? source.tool : source._tag,
    outcome,
    ...Option.toArray(at)
  ]),
  username: Option.getOrUndefined(Option.flatMap(found, ({ username }) => username))
})

const test = (name: string, body: (home: Home) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>) =>
  it.scopedLive(name, () => Effect.flatMap(home, body).pipe(Effect.provide(NodeContext.layer)))

describe("Credentials", () => {
  describe("are looked up", () => {
    test("in each location, and the first one with an entry wins", ({ credentials, directory, write }) =>
      Effect.gen(function*() {
        const variables: Record<string, string> = {
          DOCKER_CONFIG: `${directory}/docker`,
          XDG_CONFIG_HOME: `${directory}/config`
        }
        const who = Effect.map(
          Effect.suspend(() => Effect.provide(Credentials.resolve(key), credentials(variables))),
          (found) => plain(found)["username"]
        )
        const places = [
          ["own-home", ".ocipkg/config.json"],
          ["own-runtime", "run/ocipkg/auth.json"],
          ["docker-home", "docker/config.json"],
          ["podman-config", "config/containers/auth.json"],
          ["podman-runtime", "run/containers/auth.json"]
        ] as const
        assert.isUndefined(yield* who)
        yield* write(".dockercfg", { "https://registry.example.com": entry("legacy") })
        assert.strictEqual(yield* who, "legacy")
        yield* write(".dockercfg", {})
        for (const [name, path] of places) {
          yield* write(path, auths(name))
          assert.strictEqual(yield* who, name)
        }
        variables["DOCKER_AUTH_CONFIG"] = JSON.stringify(auths("variable"))
        assert.strictEqual(yield* who, "variable")
        yield* write("given.json", auths("given"))
        variables["REGISTRY_AUTH_FILE"] = `${directory}/given.json`
        assert.strictEqual(yield* who, "given")
        const explicit = [[key, alice]] as const
        const found = yield* Effect.provide(Credentials.resolve(key), credentials(variables, { explicit }))
        assert.strictEqual(plain(found)["username"], "alice")
        assert.deepStrictEqual(Option.map(found, ({ source }) => source._tag), Option.fromNullable("Explicit"))
      }))

    test("in the runtime directory of the user on Linux if no variable names one", ({ credentials }) =>
      Effect.gen(function*() {
        const { consulted } = yield* Effect.provide(Credentials.explain(key), credentials({ XDG_RUNTIME_DIR: "" }))
        const paths = consulted.flatMap(({ source }) => source._tag === "File" ? [source.path] : [])
        assert.strictEqual(
          paths.includes(`/run/containers/${process.geteuid?.()}/auth.json`),
          process.platform === "linux"
        )
      }))

    test("without any location, and then none is found and none can be stored", ({ credentials }) =>
      Effect.gen(function*() {
        assertNone(yield* Credentials.resolve(key))
        const error = yield* Effect.flip(Credentials.login(key, alice))
        assert.strictEqual(error.reason, "NoPlace")
      }).pipe(Effect.provide(credentials({ HOME: "", XDG_RUNTIME_DIR: "" }))))
  })

  describe("are found under keys in any case, as Go programs read them,", () => {
    const cased = {
      AUTHS: { "registry.example.com": { Auth: basic("alice", secret), IdentityToken: "" } },
      auths: { "other.example.com": { AUTH: basic("bob", secret) } },
      "Auth\u017F": { "third.example.com": { USERNAME: "carol", Password: secret } },
      CredsSTORE: "",
      CREDHELPERS: { "helped.example.com": "odd" }
    }
    const users: ReadonlyArray<readonly [string, string]> = [
      ["registry.example.com", "alice"],
      ["other.example.com", "bob"],
      ["third.example.com", "carol"],
      ["helped.example.com", "dave"]
    ]

    for (const file of [".docker/config.json", ".config/containers/auth.json"]) {
      test(`in ${file}`, ({ credentials, helper, write }) =>
        Effect.gen(function*() {
          yield* helper("odd", `printf '%s' '{"serverurl":"","USERNAME":"dave","secret":"s"}'`)
          yield* write(file, cased)
          for (const [host, username] of users) {
            assert.strictEqual(plain(yield* Credentials.resolve(Repository.registryKey(host))).username, username, host)
          }
        }).pipe(Effect.provide(credentials())))
    }

    test("in the variable, which allows no other keys", ({ credentials }) =>
      Effect.gen(function*() {
        const variable = (value: unknown) => credentials({ DOCKER_AUTH_CONFIG: JSON.stringify(value) })
        const entry = { "registry.example.com": { AUTH: basic("alice", secret) } }
        const found = yield* Effect.provide(Credentials.resolve(key), variable({ Auths: entry }))
        assert.strictEqual(plain(found).username, "alice")
        assertNone(yield* Effect.provide(Credentials.resolve(key), variable({ Auths: entry, Other: {} })))
      }))

    test("but not under a registry name in another case", ({ credentials, write }) =>
      Effect.gen(function*() {
        yield* write(".dockercfg", { "AUTHS": { auth: basic("alice", secret) } })
        yield* write(".docker/config.json", { auths: { "Registry.example.com": { auth: basic("alice", secret) } } })
        assertNone(yield* Credentials.resolve(key))
      }).pipe(Effect.provide(credentials())))

    test("and are updated under those keys", ({ credentials, read, write }) =>
      Effect.gen(function*() {
        yield* write(".docker/config.json", cased)
        yield* Credentials.login(key, Credential.login("eve", Redacted.make(secret)))
        assert.strictEqual(plain(yield* Credentials.resolve(key)).username, "eve")
        yield* Credentials.logout(key)
        const json = JSON.parse(yield* read(".docker/config.json"))
        assert.deepStrictEqual(Object.keys(json.auths), ["other.example.com", "third.example.com"])
        assert.notProperty(json, "AUTHS")
      }).pipe(Effect.provide(credentials())))
  })

  describe("of Docker Hub", () => {
    const named = ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
    const askedIn: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      [".docker/config.json", ["https://index.docker.io/v1/", "docker.io"]],
      [".config/containers/auth.json", ["docker.io"]]
    ]
    for (const [file, keys] of askedIn) {
      for (const name of named) {
        const isAsked = keys.includes(name)
        test(`are ${isAsked ? "" : "not "}those of the helper that ${file} names for ${name}`, (home) =>
          Effect.gen(function*() {
            yield* home.helper("hub", answer("alice", "s"))
            yield* home.write(file, { credHelpers: { [name]: "hub" } })
            yield* Effect.provide(Credentials.resolve(hub), home.credentials())
            assert.deepStrictEqual(yield* home.calls, isAsked ? [["hub", "get", name]] : [])
          }))
      }
    }
  })

  describe("are traced by explain", () => {
    test("with every problem on the way, and without a secret", ({ credentials, directory, helper, write }) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* write("given.json", `{"auths": "${secret}"`)
        yield* fs.makeDirectory(`${directory}/run/containers/auth.json`, { recursive: true })
        yield* write(".config/containers/auth.json", { auths: 1, credHelpers: { "registry.example.com": "broken" } })
        yield* helper("broken", `echo '${secret}'; echo '${secret}' >&2; exit 2`)
        yield* write(".docker/config.json", {
          auths: {
            "registry.example.com/team": { auth: `!${secret}` },
            "registry.example.com": {},
            "https://registry.example.com": { auth: basic(secret, "").slice(0, 8) },
            "http://registry.example.com": { identitytoken: [secret] },
            "other.example.com": { auth: "!" }
          },
          credsStore: "absent"
        })
        yield* write(".dockercfg", { "registry.example.com": entry("legacy") })
        const explanation = yield* Effect.provide(
          Credentials.explain(Repository.registryKey("registry.example.com/team/app")),
          credentials({ REGISTRY_AUTH_FILE: `${directory}/given.json`, DOCKER_AUTH_CONFIG: `{"${secret}": 1}` })
        )
        assert.deepStrictEqual(outline(explanation), {
          consulted: [
            ["Explicit", "NoEntry"],
            ["podman", "Invalid"],
            ["Variable", "Invalid"],
            ["podman", "Unreadable"],
            ["podman", "Invalid"],
            ["podman", "HelperFailed", "docker-credential-broken"],
            ["podman", "NoEntry"],
            ["docker", "HelperMissing", "docker-credential-absent"],
            ["docker", "InvalidEntry", "registry.example.com/team"],
            ["docker", "EmptyEntry", "registry.example.com"],
            ["docker", "InvalidEntry", "https://registry.example.com"],
            ["docker", "InvalidEntry", "http://registry.example.com"],
            ["docker", "Found", "registry.example.com"]
          ],
          username: "legacy"
        })
        assert.notInclude(JSON.stringify(explanation), secret)
      }))

    test("after a helper timed out, from the entries of the file", ({ credentials, helper, write }) =>
      Effect.gen(function*() {
        yield* helper("slow", "sleep 60")
        yield* helper("odd", "echo '{\"Username\": 1}'")
        yield* write(".docker/config.json", { ...auths("file"), credHelpers: { "registry.example.com": "slow" } })
        const explain = Effect.provide(Credentials.explain(key), credentials({}, { helperTimeout: "300 millis" }))
        const [duration, explanation] = yield* Effect.timed(explain)
        assert.isBelow(Duration.toSeconds(duration), 30)
        assert.deepInclude(outline(explanation).consulted, ["docker", "HelperTimedOut", "docker-credential-slow"])
        assert.strictEqual(outline(explanation).username, "file")
        yield* write(".docker/config.json", { ...auths("file"), credsStore: "odd" })
        const odd = outline(yield* explain)
        assert.deepInclude(odd.consulted, ["docker", "HelperOutputInvalid", "docker-credential-odd"])
        assert.strictEqual(odd.username, "file")
      }))

    test("and a helper name that is a path is rejected", ({ calls, credentials, helper, write }) =>
      Effect.gen(function*() {
        yield* helper("x/../evil", answer("mallory", "pw"))
        yield* write(".docker/config.json", { credsStore: "x/../evil" })
        const { consulted } = outline(yield* Effect.provide(Credentials.explain(key), credentials()))
        assert.deepInclude(consulted, ["docker", "HelperMissing", "docker-credential-x/../evil"])
        assert.deepStrictEqual(yield* calls, [])
      }))

    test("without a secret in printed values", ({ credentials, write }) =>
      Effect.gen(function*() {
        yield* write(".docker/config.json", { auths: { "registry.example.com": { auth: basic("alice", secret) } } })
        const found = yield* Credentials.resolve(key)
        assert.strictEqual(plain(found)["password"], secret)
        const shown = [found, yield* Credentials.explain(key)]
        for (const text of [JSON.stringify(shown), Inspectable.format(shown), String(shown)]) {
          assert.notInclude(text, secret)
          assert.notInclude(text, basic("alice", secret))
        }
      }).pipe(Effect.provide(credentials())))
  })

  describe("are stored", () => {
    const original = {
      psFormat: "z",
      auths: { "other.example.com": { ...entry("bob"), email: "e@x" } },
      HttpHeaders: { "X-Meta": ["y", 1] }
    }

    test("in a file with mode 0600 that keeps its other content", ({ credentials, directory, mode, read, write }) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* write(".docker/config.json", original)
        yield* fs.chmod(`${directory}/.docker/config.json`, 0o644)
        const stored = yield* Credentials.login(key, alice)
        assert.deepStrictEqual(stored, { _tag: "File", path: `${directory}/.docker/config.json` })
        yield* Credentials.login(hub, Credential.identityToken(Redacted.make("tok")))
        const json = JSON.parse(yield* read(".docker/config.json"))
        assert.deepStrictEqual(json, {
          ...original,
          auths: {
            ...original.auths,
            "registry.example.com": { auth: basic("alice", secret) },
            "https://index.docker.io/v1/": { auth: basic("<token>", ""), identitytoken: "tok" }
          }
        })
        assert.strictEqual(yield* mode(".docker/config.json"), "600")
        assert.deepStrictEqual(yield* fs.readDirectory(`${directory}/.docker`), ["config.json"])
        assert.deepStrictEqual(plain(yield* Credentials.resolve(hub)), { identitytoken: "tok" })
        yield* Credentials.logout(hub)
        yield* Credentials.logout(key)
        assert.deepStrictEqual(JSON.parse(yield* read(".docker/config.json")), original)
        assert.strictEqual((yield* Effect.flip(Credentials.logout(key))).reason, "NotLoggedIn")
      }).pipe(Effect.provide(credentials())))

    test("in a file that keeps its numbers as written", ({ credentials, read, write }) =>
      Effect.gen(function*() {
        const numbers = ["12345678901234567890", "-9007199254740993", "1.0", "1e400", "0.10000000000000000555", "7"]
        const texts = ["12345678901234567890", "a\\", "\"1.0\""].map((text) => JSON.stringify(text))
        yield* write(".docker/config.json", `{"plugins":{"x":[${[...numbers, ...texts]}]}}`)
        yield* Credentials.login(key, alice)
        const text = yield* read(".docker/config.json")
        assert.deepStrictEqual(/"x": \[\s+(.*?)\s+\]/s.exec(text)?.[1]?.split(/,\s+/), [...numbers, ...texts])
        assert.deepStrictEqual(plain(yield* Credentials.resolve(key)), { username: "alice", password: secret })
      }).pipe(Effect.provide(credentials())))

    test("under the keys and at the locations of each tool", ({ credentials, directory, mode, read }) =>
      Effect.gen(function*() {
        const team = Repository.registryKey("quay.io/team")
        const keysIn = (path: string) => Effect.map(read(path), (text) => Object.keys(JSON.parse(text).auths))
        for (const tool of ["docker", "podman", "ocipkg"] as const) yield* Credentials.login(hub, alice, { tool })
        yield* Credentials.login(team, alice, { tool: "podman" })
        assert.strictEqual((yield* Effect.flip(Credentials.login(team, alice))).reason, "Namespaced")
        assert.deepStrictEqual(yield* keysIn(".docker/config.json"), ["https://index.docker.io/v1/"])
        assert.deepStrictEqual(yield* keysIn("run/containers/auth.json"), ["docker.io", "quay.io/team"])
        assert.strictEqual(yield* mode("run/containers/auth.json"), "600")
        assert.deepStrictEqual(yield* keysIn("run/ocipkg/auth.json"), ["https://index.docker.io/v1/"])
        const given = credentials({ REGISTRY_AUTH_FILE: `${directory}/given.json` })
        yield* Effect.provide(Credentials.login(hub, alice), given)
        assert.deepStrictEqual(yield* keysIn("given.json"), ["docker.io"])
      }).pipe(Effect.provide(credentials())))

    test("through a symbolic link, which is kept", ({ credentials, directory, read, write }) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.makeDirectory(`${directory}/.docker`)
        for (const state of ["dangling", "whole"]) {
          if (state === "dangling") yield* fs.symlink("../real/config.json", `${directory}/.docker/config.json`)
          else yield* write("real/config.json", original)
          yield* Credentials.login(key, alice)
          assert.strictEqual(yield* fs.readLink(`${directory}/.docker/config.json`), "../real/config.json")
          assert.property(JSON.parse(yield* read("real/config.json")).auths, "registry.example.com")
        }
      }).pipe(Effect.provide(credentials())))

    test("by the configured helper instead of the file", ({ calls, credentials, directory, helper, read, write }) =>
      Effect.gen(function*() {
        yield* helper("keep", "")
        const config = { ...auths("old"), credsStore: "keep", credHelpers: { "plain.example.com": "" } }
        yield* write(".docker/config.json", config)
        assert.deepStrictEqual(yield* Credentials.login(key, alice), {
          _tag: "Helper",
          path: `${directory}/.docker/config.json`,
          name: "keep"
        })
        yield* Credentials.login(hub, Credential.identityToken(Redacted.make("tok")))
        yield* Credentials.login(Repository.registryKey("plain.example.com"), alice)
        assert.deepStrictEqual(JSON.parse(yield* read(".docker/config.json")), {
          ...config,
          auths: {
            "registry.example.com": {},
            "https://index.docker.io/v1/": {},
            "plain.example.com": { auth: basic("alice", secret) }
          }
        })
        yield* Credentials.logout(key)
        const told = (yield* calls).map(([, action, input = ""]) => [
          action,
          action === "store" ? JSON.parse(input) : input
        ])
        assert.deepStrictEqual(told, [
          ["store", { ServerURL: "registry.example.com", Username: "alice", Secret: secret }],
          ["store", { ServerURL: "https://index.docker.io/v1/", Username: "<token>", Secret: "tok" }],
          ["erase", "registry.example.com"]
        ])
        assert.notProperty(JSON.parse(yield* read(".docker/config.json")).auths, "registry.example.com")
      }).pipe(Effect.provide(credentials())))

    test("or the file is left unchanged", ({ credentials, helper, read, write }) =>
      Effect.gen(function*() {
        const reasonOf = (credential: Credential.Credential, where = key) =>
          Effect.map(Effect.flip(Credentials.login(where, credential)), (error) => {
            assert.notInclude(`${error.message}${JSON.stringify(error)}${Cause.pretty(Cause.fail(error))}`, secret)
            assert.include(error.message, `Cannot store the credential for ${where}`)
            return error.reason
          })
        yield* helper("refuse", `echo '${secret}'; exit 1`)
        const config = JSON.stringify({ credsStore: "refuse", ...auths("old") })
        yield* write(".docker/config.json", config)
        assert.strictEqual(yield* reasonOf(alice), "HelperFailed")
        assert.strictEqual(yield* reasonOf(alice, Repository.registryKey("registry.example.com/team")), "Namespaced")
        assert.strictEqual(yield* reasonOf(Credential.registryToken(Redacted.make(secret))), "InvalidCredential")
        assert.strictEqual(yield* reasonOf(Credential.login("a:b", Redacted.make(secret))), "InvalidCredential")
        assert.strictEqual(yield* reasonOf(Credential.login("", Redacted.make(secret))), "InvalidCredential")
        assert.strictEqual(yield* reasonOf(Credential.login("a", Redacted.make(`${secret}\0`))), "InvalidCredential")
        assert.strictEqual(yield* read(".docker/config.json"), config)
        for (const broken of [`{"auths": {"x": "${secret}"`, "[]", `{"auths": "${secret}"}`]) {
          yield* write(".docker/config.json", broken)
          assert.strictEqual(yield* reasonOf(alice), "InvalidFile")
          assert.strictEqual(yield* read(".docker/config.json"), broken)
        }
      }).pipe(Effect.provide(credentials())))

    test("by several programs at once, without losing an entry, while others log out", ({ credentials, read, write }) =>
      Effect.gen(function*() {
        yield* write(".docker/config.json", { auths: Object.fromEntries(many("old").map((key) => [key, {}])), a: 1 })
        // Each has a service of its own, which knows of no other.
        const alone = Effect.provide(credentials())
        yield* Effect.all([
          ...many("new").map((key) => alone(Credentials.login(key, alice))),
          ...many("old").map((key) => alone(Credentials.logout(key)))
        ], { concurrency: "unbounded" })
        const { a, auths } = JSON.parse(yield* read(".docker/config.json"))
        assert.strictEqual(a, 1)
        assert.deepStrictEqual(Object.keys(auths).sort(), many("new").map(String).sort())
      }))

    test("while the helper of another program is slow", ({ credentials, directory, helper, read, write }) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* helper("slow", `touch '${directory}/asked'; while ! test -e '${directory}/go'; do sleep 0.02; done`)
        yield* write(".docker/config.json", { credHelpers: { "slow.example.com": "slow" } })
        const alone = Effect.provide(credentials())
        const slow = yield* Effect.fork(alone(Credentials.login(Repository.registryKey("slow.example.com"), alice)))
        yield* Effect.repeat(fs.exists(`${directory}/asked`), {
          until: (there) => there,
          schedule: Schedule.spaced(10)
        })
        yield* alone(Credentials.login(key, alice))
        yield* write("go", "")
        yield* Fiber.join(slow)
        assert.deepStrictEqual(Object.keys(JSON.parse(yield* read(".docker/config.json")).auths), [
          "registry.example.com",
          "slow.example.com"
        ])
      }))

    test("by many fibers at once, without losing an entry", ({ credentials }) =>
      Effect.gen(function*() {
        const keys = Array.from({ length: 20 }, (_, i) => Repository.registryKey(`r${i}.example.com`))
        yield* Effect.forEach(keys, (key, i) => Credentials.login(key, Credential.login(`u${i}`, Redacted.make("p"))), {
          concurrency: "unbounded"
        })
        const found = yield* Effect.forEach(keys, Credentials.resolve)
        assert.deepStrictEqual(found.map((_) => plain(_)["username"]), keys.map((_, i) => `u${i}`))
      }).pipe(Effect.provide(credentials())))
  })

  it("of any user name and password are decoded as they were encoded", () => {
    const text = FastCheck.string({ unit: "binary" })
    FastCheck.assert(FastCheck.property(
      FastCheck.string({ unit: "binary", minLength: 1 }).filter((_) => !_.includes(":") && _ !== "<token>"),
      text.filter((_) => !_.endsWith("\0")),
      FastCheck.option(text.filter((_) => _ !== "")),
      FastCheck.option(text.filter((_) => _ !== "")),
      (username, password, identity, registry) => {
        const credential: Credential.Credential = {
          ...Credential.login(username, Redacted.make(password)),
          identityToken: Option.map(Option.fromNullable(identity), Redacted.make),
          registryToken: Option.map(Option.fromNullable(registry), Redacted.make)
        }
        const read = Either.getOrThrow(authFile.decodeEntry(authFile.encodeEntry(credential)))
        const show = (credential: Option.Option<Credential.Credential>) =>
          plain(Option.map(credential, (credential) => ({ credential, source: { _tag: "Explicit" } })))
        const written = Option.some(credential)
        assert.deepStrictEqual(show(read), show(written))
      }
    ))
  })

  it("of any file are parsed without a defect", () => {
    const names = FastCheck.constantFrom("auth", "username", "password", "identitytoken", "registrytoken", "__proto__")
    FastCheck.assert(FastCheck.property(FastCheck.dictionary(names, FastCheck.jsonValue()), (entry) => {
      authFile.decodeEntry(entry)
    }))
    FastCheck.assert(FastCheck.property(FastCheck.base64String(), FastCheck.string(), (encoded, text) => {
      authFile.decodeAuth(encoded)
      authFile.decodeAuth(text)
      authFile.hostOf(text)
    }))
  })

  test("are not found in entries if the registry's helper has none", ({ credentials, helper, write }) =>
    Effect.gen(function*() {
      yield* helper("none", notFound)
      yield* write(".docker/config.json", { ...auths("file"), credHelpers: { "registry.example.com": "none" } })
      assertNone(yield* Credentials.resolve(key))
      yield* write(".docker/config.json", { ...auths("file"), credsStore: "none" })
      assert.strictEqual(plain(yield* Credentials.resolve(key))["username"], "file")
    }).pipe(Effect.provide(credentials())))

  it.effect("in memory apply to nested paths as in files", () =>
    Effect.gen(function*() {
      const team = Repository.registryKey("registry.example.com/team")
      assertNone(yield* Credentials.resolve(key))
      assert.deepStrictEqual(yield* Credentials.login(team, alice), { _tag: "Memory" })
      assertNone(yield* Credentials.resolve(key))
      const app = Repository.registryKey("registry.example.com/team/app")
      deepStrictEqual(Option.map(yield* Credentials.resolve(app), ({ credential }) => credential), Option.some(alice))
      assert.deepStrictEqual(outline(yield* Credentials.explain(app)), {
        consulted: [["Explicit", "Found", "registry.example.com/team"]],
        username: "alice"
      })
      yield* Credentials.logout(team)
      assertNone(yield* Credentials.resolve(app))
      assert.strictEqual((yield* Effect.flip(Credentials.logout(team))).reason, "NotLoggedIn")
      const refused = yield* Effect.flip(Credentials.login(team, Credential.login("a:b", Redacted.make(secret))))
      assert.strictEqual(refused.reason, "InvalidCredential")
    }).pipe(Effect.provide(Credentials.layerMemory())))

  it.effect("of a test double are those that it was given", () =>
    Effect.gen(function*() {
      assertNone(yield* Credentials.resolve(key))
      assert.include(Cause.pretty(yield* Effect.flip(Effect.sandbox(Credentials.explain(key)))), "explain")
    }).pipe(Effect.provide(Credentials.layerTest({ resolve: () => Effect.succeedNone }))))

  it("apply to the repository of an image and to each parent path", () => {
    FastCheck.assert(FastCheck.property(FastCheck.stringMatching(/^[a-z]{1,5}(\/[a-z]{1,5}){0,3}$/), (path) => {
      const key = Repository.registryKey(`registry.example.com/${path}`)
      assert.strictEqual(applicableKeys(key).map(String).at(-1), "registry.example.com")
      assert.strictEqual(applicableKeys(key).length, path.split("/").length + 1)
    }))
  })
})
