import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, EngineBackend, Image } from "@ociman/containers"
import { Effect, Logger, LogLevel, Ref } from "effect"
import { clientOf } from "./support/clientOf.js"
import { answer, type Answers, complain, machine } from "./support/FakeClients.js"

const docker = (changes: {
  readonly clientVersion?: string
  readonly version?: string
  readonly apiVersion?: string
  readonly securityOptions?: ReadonlyArray<string>
  readonly components?: ReadonlyArray<{ readonly Name: string; readonly Version: string; readonly Details?: object }>
  readonly endpoint?: string
} = {}): Answers => ({
  version: answer({
    Client: { Version: changes.clientVersion ?? "28.2.2", ApiVersion: "1.41", DefaultAPIVersion: "1.50" },
    Server: {
      Version: changes.version ?? "20.10.24+dfsg1",
      ApiVersion: changes.apiVersion ?? "1.41",
      Components: changes.components ?? [{ Name: "Engine", Version: "20.10.24" }]
    }
  }),
  info: answer({ ServerVersion: "20.10.24", SecurityOptions: changes.securityOptions ?? ["name=seccomp"] }),
  context: answer({
    Name: "default",
    Endpoints: { docker: { Host: changes.endpoint ?? "unix:///var/run/docker.sock", SkipTLSVerify: false } }
  })
})

const podman = (
  changes: { readonly rootless?: boolean; readonly remote?: boolean; readonly version?: string } = {}
): Answers => ({
  version: answer({ Client: { APIVersion: "4.3.1", Version: "4.3.1" } }),
  info: answer({
    host: { security: { rootless: changes.rootless ?? false }, serviceIsRemote: changes.remote ?? false },
    version: { Version: changes.version ?? "4.3.1", APIVersion: "4.3.1" }
  })
})

const down = complain(
  "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
)

// Error of `info` of an old client if the engine is down.
const downWithoutReason = complain("template: :1:2: executing \"\" at <.ServerVersion>: nil pointer evaluating")

const denied = complain(
  "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock"
)

const detect = (options: Parameters<typeof machine>[0]) =>
  Effect.map(Backend.Backend, ({ engine }) => engine).pipe(
    Effect.provide(EngineBackend.layer),
    Effect.provide(machine(options))
  )

const unavailable = (options: Parameters<typeof machine>[0]) =>
  Effect.flip(detect(options)).pipe(
    Effect.flatMap((error) =>
      error._tag === "BackendUnavailable" ? Effect.succeed(error) : Effect.die(new Error(String(error)))
    )
  )

describe("the detection of an engine", () => {
  it.live("prefers Docker to Podman", () =>
    Effect.gen(function*() {
      const engine = yield* detect({ clients: { docker: docker(), podman: podman() } })
      deepStrictEqual(
        [engine.name, clientOf(engine).client, engine.version, clientOf(engine).version, engine.rootless],
        ["docker", "docker", "20.10.24+dfsg1", "28.2.2", false]
      )
      assertNone(engine.remoteHost)
    }))

  it.live("falls back to Podman if Docker does not answer", () =>
    Effect.gen(function*() {
      const engine = yield* detect({
        clients: { docker: { version: down, info: downWithoutReason }, podman: podman({ rootless: true }) }
      })
      deepStrictEqual([engine.name, clientOf(engine).client, engine.rootless], ["podman", "podman", true])
    }))

  it.live("recognizes Podman under the name docker by its answer", () =>
    Effect.gen(function*() {
      const engine = yield* detect({ clients: { docker: podman() } })
      deepStrictEqual([engine.name, clientOf(engine).client, clientOf(engine).executable], [
        "podman",
        "podman",
        "docker"
      ])
    }))

  it.live("recognizes Podman behind Docker's client", () =>
    Effect.gen(function*() {
      const components = [{ Name: "Podman Engine", Version: "5.2.0-dev", Details: { APIVersion: "5.2.0" } }]
      const engine = yield* detect({ clients: { docker: docker({ components }) } })
      deepStrictEqual(
        [
          engine.name,
          clientOf(engine).client,
          engine.version,
          `${engine.apiVersion}`,
          `${clientOf(engine).apiVersion}`
        ],
        ["podman", "docker", "5.2.0-dev", "5.2.0", "1.50"]
      )
    }))

  it.live.each(["library-import", "dev", "e6534b4", "5d6db84", ""])(
    "uses the API version of an engine whose version is \"%s\"",
    (version) =>
      Effect.gen(function*() {
        const clients = { docker: docker({ version, clientVersion: version, apiVersion: "1.56" }) }
        const engine = yield* detect({ clients })
        deepStrictEqual(
          [
            engine.name,
            engine.version,
            clientOf(engine).version,
            `${engine.apiVersion}`,
            `${clientOf(engine).apiVersion}`
          ],
          ["docker", version, version, "1.56", "1.50"]
        )
        const other = yield* detect({ clients: { podman: podman({ version }) } })
        deepStrictEqual(
          [other.name, other.version, `${other.apiVersion}`, `${clientOf(other).apiVersion}`],
          ["podman", version, "4.3.1", "4.3.1"]
        )
      })
  )

  it.live.each([["name=rootless", true], ["rootless", true], ["name=seccomp,profile=rootless", false]] as const)(
    "decides rootless by the security option %s",
    ([option, rootless]) =>
      Effect.gen(function*() {
        const engine = yield* detect({ clients: { docker: docker({ securityOptions: [option] }) } })
        strictEqual(engine.rootless, rootless)
      })
  )

  it.live.each([
    ["tcp://build.example.com:2376", "build.example.com"],
    ["ssh://me@build.example.com", "build.example.com"],
    ["tcp://[fd00::1]:2375", "fd00::1"]
  ])("finds the host of %s", ([endpoint, host]) =>
    Effect.gen(function*() {
      const engine = yield* detect({ clients: { docker: docker({ endpoint }) } })
      assertSome(engine.remoteHost, host)
    }))

  it.live("finds the host of a remote Podman", () =>
    Effect.gen(function*() {
      const engine = yield* detect({
        clients: { podman: podman({ remote: true }) },
        settings: { CONTAINER_HOST: "ssh://me@build.example.com:22/run/podman.sock" }
      })
      assertSome(engine.remoteHost, "build.example.com")
    }))

  it.live("uses only the engine of OCIMAN_BACKEND", () =>
    Effect.gen(function*() {
      const settings = { OCIMAN_BACKEND: "podman" }
      strictEqual((yield* detect({ clients: { docker: docker(), podman: podman() }, settings })).name, "podman")
      const error = yield* unavailable({ clients: { docker: docker() }, settings })
      deepStrictEqual(error.probes.map(({ engine, reason }) => [engine, reason]), [["podman", "NotInstalled"]])
    }))

  it.live("rejects an unknown value of OCIMAN_BACKEND", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(detect({ clients: { docker: docker() }, settings: { OCIMAN_BACKEND: "lxc" } }))
      assert.match(String(error), /OCIMAN_BACKEND.*docker.*podman/)
    }))

  it.live("uses only the engine of the configuration file", () =>
    Effect.gen(function*() {
      const configFile = "default_backend = \"podman\"\n"
      strictEqual((yield* detect({ clients: { docker: docker(), podman: podman() }, configFile })).name, "podman")
      const { message } = yield* unavailable({ clients: { docker: docker() }, configFile })
      assert.match(message, /^The container engine that the settings name does not answer\.\n- podman: not installed/)
      assert.match(message, /named by default_backend in ociman\.toml/)
      const auto = "default_backend = \"auto\"\n"
      strictEqual((yield* detect({ clients: { podman: podman() }, configFile: auto })).name, "podman")
    }))

  it.live.each(
    [
      ["DOCKER_HOST", { DOCKER_HOST: "tcp://build.example.com:2375" }, "docker"],
      ["DOCKER_CONTEXT", { DOCKER_CONTEXT: "build" }, "docker"],
      ["CONTAINER_HOST", { CONTAINER_HOST: "ssh://me@build.example.com/run/podman.sock" }, "podman"],
      ["CONTAINER_CONNECTION", { CONTAINER_CONNECTION: "build" }, "podman"]
    ] as const
  )("uses only the engine whose endpoint is set by %s", ([name, settings, engine]) =>
    Effect.gen(function*() {
      const clients = engine === "docker"
        ? { docker: { version: down, info: downWithoutReason }, podman: podman() }
        : { docker: docker() }
      const { message, namedBy, probes } = yield* unavailable({ clients, settings })
      strictEqual(namedBy, name)
      deepStrictEqual(probes.map(({ engine }) => engine), [engine])
      assert.include(message, `It is named by ${name}; change or unset that to use another engine.`)
      strictEqual((yield* detect({ clients: { docker: docker(), podman: podman() }, settings })).name, engine)
    }))

  it.live("uses only Docker if a current context is set", () =>
    Effect.gen(function*() {
      const clients = { docker: { version: down, info: downWithoutReason }, podman: podman() }
      const choosing = (context: string) => ({ clients, files: { "config.json": `{"currentContext":"${context}"}` } })
      const { namedBy } = yield* unavailable(choosing("build"))
      assert.match(namedBy ?? "", /^the current context "build" of .*\/config\.json$/)
      strictEqual((yield* detect(choosing("default"))).name, "podman")
    }))

  it.live("logs once the reason for using Podman instead of Docker", () =>
    Effect.gen(function*() {
      const logged = yield* Ref.make<ReadonlyArray<readonly [string, string]>>([])
      const logger = Logger.make<unknown, void>(({ logLevel, message }) =>
        Effect.runSync(Ref.update(logged, (entries) => [...entries, [logLevel.label, String(message)] as const]))
      )
      const logs = (clients: Readonly<Record<string, Answers>>) =>
        detect({ clients }).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.Debug),
          Effect.zipRight(Ref.getAndSet(logged, [])),
          // Effect itself logs each failed fiber.
          Effect.map((entries) => entries.filter(([, message]) => message.includes("Podman")))
        )

      const [warning, ...more] = yield* logs({ docker: { version: down, info: downWithoutReason }, podman: podman() })
      deepStrictEqual(more, [])
      deepStrictEqual(warning?.[0], "WARN")
      assert.match(warning?.[1] ?? "", /^Using Podman 4\.3\.1, .*docker: does not answer.*Cannot connect/)

      const [remark] = yield* logs({ podman: podman() })
      deepStrictEqual(remark?.[0], "DEBUG")
      assert.match(remark?.[1] ?? "", /docker: not installed/)
      deepStrictEqual(yield* logs({ docker: docker(), podman: podman() }), [])
    }))

  it.live.each(
    [
      ["an unknown key", "default_backend = \"docker\"\nbackend = 1\n", /ociman\.toml.*backend/s],
      ["an unknown engine", "default_backend = \"lxc\"\n", /ociman\.toml.*default_backend/s],
      ["what is no TOML", "a = 1\ndefault_backend = docker\n", /ociman\.toml.*line 2/s]
    ] as const
  )("rejects a configuration file with %s", ([, configFile, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(detect({ clients: { docker: docker() }, configFile }))
      assert.match(String(error), message)
    }))
})

describe("a command of an engine's client", () => {
  it.live("runs with LC_ALL=C", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Image.list())
      strictEqual(error._tag === "EngineFailed" && error.detail, "LC_ALL=C")
    }).pipe(
      Effect.provide(EngineBackend.layerDocker),
      Effect.provide(machine({ clients: { docker: { ...docker(), image: "echo LC_ALL=$LC_ALL >&2; exit 1" } } }))
    ))
})

describe("the detection without an available engine", () => {
  it.live("reports for each engine why it does not answer", () =>
    Effect.gen(function*() {
      const error = yield* unavailable({ clients: { docker: { version: down, info: downWithoutReason } } })
      deepStrictEqual(error.probes.map(({ engine, reason }) => [engine, reason]), [
        ["docker", "DaemonDown"],
        ["podman", "NotInstalled"]
      ])
      assert.match(
        error.message,
        /^No container engine answers\.\n- docker: does not answer.*Cannot connect.*\n- podman: not installed/
      )
    }))

  it.live.each(
    [
      ["a socket without permission", { version: denied, info: denied }, "PermissionDenied"],
      ["an unknown text", { version: "echo hello", info: "echo hello" }, "UnexpectedAnswer"],
      ["a truncated document", { version: "printf '{\"Client\"'", info: "printf '{'" }, "UnexpectedAnswer"],
      ["bytes that are not UTF-8", { version: "printf '\\377\\376'", info: "printf '\\377'" }, "UnexpectedAnswer"],
      ["another document", { version: "echo '[]'", info: "echo '{}'" }, "UnexpectedAnswer"],
      ["an exit by a signal", { version: "kill -KILL $$", info: "kill -KILL $$" }, "UnexpectedAnswer"]
    ] as const
  )("classifies %s", ([, answers, reason]) =>
    Effect.gen(function*() {
      const { probes: [probe] } = yield* unavailable({ clients: { docker: answers } })
      deepStrictEqual([probe.engine, probe.reason], ["docker", reason])
    }))
})
