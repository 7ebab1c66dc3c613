import { Command, type CommandExecutor } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { type CommandFailed, Subprocess } from "@ociman/process"
import { Credential, Credentials, Repository } from "@ociman/registry"
import { LocalRegistry } from "@ociman/testing"
import { Effect, Layer, Redacted } from "effect"
import { type Home, home, notFound, plain } from "../support.js"

const alice = { username: "alice", password: Redacted.make("s3cret: \"ü\"") }

const mallory = Credential.login("alice", Redacted.make("another-secret"))

/** A client of an engine, and how it is told where its credentials are. */
export interface Client {
  readonly executable: string
  readonly tool: Credential.Tool
  readonly variables: (directory: string) => Record<string, string>
  readonly insecure: ReadonlyArray<string>
}

/** Podman, told where its home is and not where its file is. */
const atHome: Client = {
  executable: "podman",
  tool: "podman",
  variables: (directory) => ({ HOME: directory, XDG_RUNTIME_DIR: `${directory}/run`, REGISTRY_AUTH_FILE: "" }),
  insecure: ["--tls-verify=false"]
}

type Run<A> = Effect.Effect<A, CommandFailed.CommandFailed, CommandExecutor.CommandExecutor>

const printed = (client: Client, { directory }: Home, stdin: string, ...args: ReadonlyArray<string>): Run<string> =>
  Command.make(client.executable, ...args).pipe(
    Command.env({ DOCKER_AUTH_CONFIG: "", ...client.variables(directory) }),
    Subprocess.run({ stdin, timeout: "1 minute", acceptExitCode: () => true }),
    Effect.map(({ exitCode, stderr, stdout }) => `${exitCode}\n${stdout.text}\n${stderr.text}`)
  )

const login = (client: Client, at: Home, where: string) =>
  Effect.map(
    printed(
      client,
      at,
      Redacted.value(alice.password),
      "login",
      ...client.insecure,
      "-u",
      "alice",
      "--password-stdin",
      where
    ),
    (output) => assert.match(output, /^0\n/)
  )

/** Pulls a missing image: the registry reports that it is missing, or requires authentication first. */
const isLetIn = (client: Client, at: Home, host: string) =>
  Effect.map(printed(client, at, "", "pull", ...client.insecure, `${host}/team/nothing:1`), (output) => {
    const isUnknown = /manifest unknown|not found/i.test(output)
    const isRefused = /no basic auth credentials|unauthorized|authentication required|incorrect username/i.test(output)
    if (isUnknown === isRefused) assert.fail(output)
    return isUnknown
  })

/** Defines tests that credentials are shared with the command line tools of engines. */
export const loginsSuite = (client: Client, namespaced: boolean): void => {
  const services = Layer.provideMerge(LocalRegistry.layer({ credentials: alice }), NodeContext.layer)

  layer(services, { excludeTestServices: true, timeout: "1 minute" })(`${client.executable}`, (it) => {
    const known = { username: alice.username, password: Redacted.value(alice.password) }

    it.scoped("stores credentials that are found until it logs out", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        const key = Repository.registryKey(`${host}/team/app`)
        const resolve = Effect.provide(
          Effect.map(Credentials.resolve(key), plain),
          at.credentials(client.variables(at.directory))
        )
        assert.deepStrictEqual(yield* resolve, {})
        yield* login(client, at, host)
        assert.deepStrictEqual(yield* resolve, known)
        yield* printed(client, at, "", "logout", host)
        assert.deepStrictEqual(yield* resolve, {})
        if (!namespaced) return
        yield* login(client, at, `${host}/team`)
        assert.deepStrictEqual(yield* resolve, known)
        const { consulted } = yield* Effect.provide(
          Credentials.explain(Repository.registryKey(`${host}/other`)),
          at.credentials(client.variables(at.directory))
        )
        assert.notInclude(consulted.map(({ outcome }) => outcome), "Found")
      }))

    it.scoped("uses stored credentials until they are removed", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        const key = Repository.registryKey(host)
        const options = { tool: client.tool }
        // Podman refuses to work with a file that is not there.
        if (client.tool === "podman") yield* at.write("auth.json", "{}")
        yield* Effect.gen(function*() {
          assert.isFalse(yield* isLetIn(client, at, host))
          yield* Credentials.login(key, mallory, options)
          assert.isFalse(yield* isLetIn(client, at, host))
          yield* Credentials.login(key, Credential.login(alice.username, alice.password), options)
          assert.isTrue(yield* isLetIn(client, at, host))
          yield* Credentials.logout(key, options)
          assert.isFalse(yield* isLetIn(client, at, host))
          if (!namespaced) return
          yield* Credentials.login(
            Repository.registryKey(`${host}/team`),
            Credential.login("alice", alice.password),
            options
          )
          assert.isTrue(yield* isLetIn(client, at, host))
        }).pipe(Effect.provide(at.credentials(client.variables(at.directory))))
      }))

    it.scoped("shares credentials of a helper", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        const key = Repository.registryKey(host)
        const file = `${at.directory}/kept`
        yield* at.helper(
          "kept",
          `case $1 in store) printf '%s' "$input" >'${file}';; get) cat '${file}' 2>/dev/null || { ${notFound}; };; erase) rm '${file}';; esac`
        )
        const path = client.tool === "docker" ? ".docker/config.json" : "auth.json"
        yield* at.write(path, { credHelpers: { [host]: "kept" } })
        const withHelper: Client = {
          ...client,
          variables: (directory) => ({
            ...client.variables(directory),
            PATH: `${directory}/bin:${process.env["PATH"] ?? ""}`
          })
        }
        yield* login(withHelper, at, host)
        yield* Effect.gen(function*() {
          assert.deepStrictEqual(plain(yield* Credentials.resolve(key)), known)
          yield* Credentials.login(key, mallory, { tool: client.tool })
          assert.isFalse(yield* isLetIn(withHelper, at, host))
          yield* Credentials.login(key, Credential.login("alice", alice.password), { tool: client.tool })
          assert.isTrue(yield* isLetIn(withHelper, at, host))
        }).pipe(Effect.provide(at.credentials(client.variables(at.directory))))
        const secret = Redacted.value(alice.password)
        for (const text of [secret, Buffer.from(`alice:${secret}`).toString("base64")]) {
          assert.notInclude(yield* at.read(path), text)
        }
      }))
  })
}

/** Default location of Podman's credentials. */
export const placesSuite = (): void => {
  const services = Layer.provideMerge(LocalRegistry.layer({ credentials: alice }), NodeContext.layer)

  layer(services, { excludeTestServices: true, timeout: "1 minute" })("podman", (it) => {
    const loginOf = (at: Home, host: string) => printed(atHome, at, "", "login", "--get-login", host)

    it.scoped("has a file of its own, which is found and written at its location", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        yield* at.write("run/.keep", "")
        yield* login(atHome, at, host)
        yield* Effect.gen(function*() {
          const found = yield* Credentials.resolve(Repository.registryKey(host))
          assert.strictEqual(plain(found)["username"], "alice")
          assert.deepStrictEqual(
            yield* Credentials.login(Repository.registryKey(host), Credential.login("bob", alice.password), {
              tool: "podman"
            }),
            { _tag: "File", path: `${at.directory}/run/containers/auth.json` }
          )
        }).pipe(Effect.provide(at.credentials()))
        assert.match(yield* loginOf(at, host), /^0\nbob\n/)
      }))

    it.scoped("finds credentials in Docker's file if it has none itself", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        yield* at.write("run/.keep", "")
        const keep = Credentials.login(Repository.registryKey(host), Credential.login("carol", alice.password))
        const stored = yield* Effect.provide(keep, at.credentials())
        assert.deepStrictEqual(stored, { _tag: "File", path: `${at.directory}/.docker/config.json` })
        assert.match(yield* loginOf(at, host), /^0\ncarol\n/)
      }))

    it.scoped("finds nothing if REGISTRY_AUTH_FILE does not exist", () =>
      Effect.gen(function*() {
        const at = yield* home
        const { host } = yield* LocalRegistry.LocalRegistry
        const key = Repository.registryKey(host)
        yield* at.write("run/.keep", "")
        yield* Effect.provide(
          Credentials.login(key, Credential.login(alice.username, alice.password), { tool: "docker" }),
          at.credentials()
        )
        const variables = () => ({
          ...atHome.variables(at.directory),
          REGISTRY_AUTH_FILE: `${at.directory}/nothing.json`
        })
        // Version 4 refuses to work with it, and to version 5 it is empty.
        const output = yield* printed(
          { ...atHome, variables },
          at,
          "",
          ...["pull", ...atHome.insecure, `${host}/team/nothing:1`]
        )
        assert.match(output, /no such file|unauthorized|authentication required/)
        assert.notMatch(output, /manifest unknown/)
        const [found, { consulted }] = yield* Effect.provide(
          Effect.all([Credentials.resolve(key), Credentials.explain(key)]),
          at.credentials(variables())
        )
        assert.strictEqual(plain(found)["username"], alice.username)
        assert.include(consulted.map(({ outcome }) => outcome), "Absent")
      }))
  })
}
