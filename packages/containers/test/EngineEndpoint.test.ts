import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertSome, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { EngineEndpoint } from "@ociman/containers"
import { ConfigProvider, Effect, Either, Layer, Option, Schema } from "effect"
import { parseDockerHost } from "../src/internal/discovery/hosts.js"
import { describeVectors } from "./support/vectors.js"

const Env = Schema.Record({ key: Schema.String, value: Schema.String })
const Endpoint = Schema.Struct({ Host: Schema.String, SkipTLSVerify: Schema.Boolean })

const DockerCase = Schema.Struct({
  name: Schema.String,
  env: Env,
  flags: Schema.Array(Schema.String),
  configCurrentContext: Schema.NullOr(Schema.String),
  context: Schema.optional(Schema.String),
  endpoint: Schema.optional(Endpoint),
  inspectError: Schema.optional(Schema.String),
  error: Schema.optional(Schema.String)
})

const PodmanCase = Schema.Struct({
  name: Schema.String,
  env: Env,
  flags: Schema.Array(Schema.String),
  containersConf: Schema.NullOr(Schema.String),
  tried: Schema.NullOr(Schema.String),
  message: Schema.optional(Schema.String)
})

const Vectors = Schema.Struct({
  docker: Schema.Struct({
    cases: Schema.Array(DockerCase),
    contextNames: Schema.Struct({ cases: Schema.Array(Schema.Struct({ name: Schema.String, ok: Schema.Boolean })) }),
    parseHost: Schema.Struct({
      cases: Schema.Array(Schema.Struct({
        host: Schema.String,
        tls: Schema.Boolean,
        result: Schema.optional(Schema.String),
        error: Schema.optional(Schema.String)
      }))
    })
  }),
  layout: Schema.Struct({
    files: Schema.Array(Schema.Struct({ path: Schema.String, content: Schema.Unknown }))
  }),
  podman: Schema.Struct({ cases: Schema.Array(PodmanCase) })
})

/** Machine with these files and settings, in which `/x` stands for its root. */
const machine = (options: {
  readonly files: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-endpoint-" })
    yield* Effect.forEach(Object.entries(options.files), ([path, text]) =>
      Effect.gen(function*() {
        const file = `${root}/${path}`
        yield* fs.makeDirectory(file.slice(0, file.lastIndexOf("/")), { recursive: true })
        yield* fs.writeFileString(file, text)
      }))
    const env = Object.entries({ HOME: "/x/home", ...options.env })
    return Layer.merge(
      Layer.succeed(FileSystem.FileSystem, fs),
      Layer.setConfigProvider(
        ConfigProvider.fromMap(new Map(env.map(([name, value]) => [name, value.replace(/^\/x\//, `${root}/`)])))
      )
    )
  })).pipe(Layer.provide(NodeContext.layer))

const flag = (flags: ReadonlyArray<string>, ...names: ReadonlyArray<string>) =>
  flags.flatMap((text, index) => names.includes(text) ? [flags[index + 1] ?? ""] : [])

describe("EngineEndpoint", () => {
  describeVectors("contexts.json", Vectors, ({ docker, layout, podman }) => {
    const contexts = Object.fromEntries(
      layout.files.map(({ content, path }) => [
        path.replace("~/", "home/"),
        typeof content === "string" ? content : JSON.stringify(content)
      ])
    )

    it.effect.each(docker.cases)(
      "resolves the endpoint of Docker's client: $name",
      ({ configCurrentContext, env, flags, ...expected }) =>
        Effect.gen(function*() {
          const config = configCurrentContext === null
            ? {}
            : { "home/.docker/config.json": JSON.stringify({ currentContext: configCurrentContext }) }
          const result = yield* EngineEndpoint.docker({
            context: flag(flags, "--context")[0],
            hosts: flag(flags, "-H", "--host")
          }).pipe(Effect.either, Effect.provide(machine({ files: { ...contexts, ...config }, env })))
          if (Either.isRight(result)) {
            deepStrictEqual({
              context: Option.getOrUndefined(result.right.context),
              endpoint: {
                Host: result.right.url,
                SkipTLSVerify: Option.exists(result.right.tls, ({ skipVerify }) => skipVerify)
              }
            }, { context: expected.context, endpoint: expected.endpoint })
            return
          }
          const expectedText = expected.error ?? expected.inspectError ?? assert.fail(String(result.left))
          const { detail, reason } = result.left
          if (reason === "ContextNotFound") {
            strictEqual(detail.split(" not found")[0], expectedText.split(" not found")[0])
          } else if (reason === "TlsFileMissing") {
            strictEqual(detail.replace(/ \S*\/home/, " /x/home"), expectedText)
          } else strictEqual(detail, expectedText)
        })
    )

    it.effect("returns the TLS files of a Docker context", () =>
      Effect.gen(function*() {
        const { tls, url } = yield* EngineEndpoint.docker({ context: "tlsctx" })
        strictEqual(url, "tcp://10.9.9.9:2376")
        const files = Option.getOrThrow(tls)
        strictEqual(files.skipVerify, true)
        for (const [file, name] of [[files.ca, "ca"], [files.certificate, "cert"], [files.key, "key"]] as const) {
          const id = "71614c1fecf740cb7c15fc358b0458ce7ab245624a47b58c430fc3334c3d64f2"
          assert.isTrue(Option.getOrThrow(file).endsWith(`/contexts/tls/${id}/docker/${name}.pem`))
        }
      }).pipe(Effect.provide(machine({ files: contexts }))))

    it.each(docker.contextNames.cases)("validates the context name $name: $ok", ({ name, ok }) => {
      const text = name === "x*300" ? "x".repeat(300) : name
      strictEqual(Schema.is(EngineEndpoint.ContextName)(text), ok)
    })

    it.each(docker.parseHost.cases)("parses the Docker host $host with tls $tls", ({ error, host, result, tls }) => {
      deepStrictEqual<unknown>(
        parseDockerHost(host, tls),
        result === undefined ? Either.left(error) : Either.right(result)
      )
    })

    it.effect.each(podman.cases)(
      "resolves the endpoint of Podman's client: $name",
      ({ containersConf, env, flags, message, tried }) =>
        Effect.gen(function*() {
          const result = yield* EngineEndpoint.podman({
            remote: flags.includes("--remote"),
            url: flag(flags, "--url")[0],
            connection: flag(flags, "--connection")[0]
          }).pipe(
            Effect.either,
            Effect.provide(machine({
              files: { "containers.conf": containersConf ?? "" },
              env: { ...env, CONTAINERS_CONF: "/x/containers.conf" }
            }))
          )
          if (Either.isRight(result)) {
            const { url } = Option.getOrThrow(result.right)
            strictEqual(url.replace("://", " "), tried)
          } else strictEqual(`Error: ${result.left.detail}`, message)
        })
    )
  })

  it.effect("names the file of a Docker context that cannot be read", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(EngineEndpoint.docker({ context: "broken" }))
      strictEqual(error.reason, "InvalidContext")
      assert.match(error.message, /"broken".*\/contexts\/meta\/0\/meta\.json/s)
    }).pipe(Effect.provide(machine({ files: { "home/.docker/contexts/meta/0/meta.json": "{" } }))))

  it.effect("ignores an unreadable file of another Docker context", () =>
    Effect.gen(function*() {
      const { url } = yield* EngineEndpoint.docker({ context: "good" })
      strictEqual(url, "ssh://me@build:22")
    }).pipe(Effect.provide(machine({
      files: {
        "home/.docker/contexts/meta/0/meta.json": "{",
        "home/.docker/contexts/meta/1/meta.json": JSON.stringify({
          Name: "good",
          Endpoints: { docker: { Host: "ssh://me@build:22" } }
        })
      }
    }))))

  it.effect("returns only the existing files of DOCKER_CERT_PATH", () =>
    Effect.gen(function*() {
      const { tls, url } = yield* EngineEndpoint.docker()
      strictEqual(url, "tcp://localhost:2376")
      const files = Option.getOrThrow(tls)
      deepStrictEqual([files.skipVerify, files.key], [true, Option.none()])
      assert.match(Option.getOrThrow(files.ca), /\/certs\/ca\.pem$/)
    }).pipe(Effect.provide(machine({
      files: { "certs/ca.pem": "" },
      env: { DOCKER_TLS: "1", DOCKER_CERT_PATH: "/x/certs" }
    }))))

  const connections = JSON.stringify({
    Connection: {
      Default: "a",
      Connections: { a: { URI: "ssh://a@host-a/run/p.sock", Identity: "/key" }, b: { URI: "tcp://host-b:1" } }
    }
  })
  const conf = "[engine]\nactive_service = \"b\"\n[engine.service_destinations.b]\nuri = \"tcp://old:1\"\n"
  const version = (major: number) => ({ major, minor: 0, patch: 0, text: String(major) })
  const files = {
    "home/.config/containers/podman-connections.json": connections,
    "home/.config/containers/containers.conf": conf
  }

  it.effect.each<[string, EngineEndpoint.PodmanOptions, Record<string, string>, string]>([
    [
      "5: the default of podman-connections.json",
      { remote: true, version: version(5) },
      {},
      "ssh://a@host-a/run/p.sock"
    ],
    ["5: its entries before those of containers.conf", { connection: "b", version: version(5) }, {}, "tcp://host-b:1"],
    [
      "5: CONTAINER_CONNECTION before CONTAINER_HOST",
      { version: version(5) },
      { CONTAINER_CONNECTION: "b", CONTAINER_HOST: "tcp://c:1" },
      "tcp://host-b:1"
    ],
    [
      "5: an empty CONTAINER_HOST is none",
      { remote: true, version: version(5) },
      { CONTAINER_HOST: "" },
      "ssh://a@host-a/run/p.sock"
    ],
    ["4: no podman-connections.json", { remote: true, version: version(4) }, {}, "tcp://old:1"]
  ])("follows the precedence of Podman's settings: %s", ([, options, env, expected]) =>
    Effect.gen(function*() {
      const endpoint = yield* Effect.flatten(EngineEndpoint.podman(options))
      strictEqual(endpoint.url, expected)
      if (expected.startsWith("ssh")) {
        assertSome(endpoint.context, "a")
        assertSome(endpoint.identity, "/key")
      }
    }).pipe(Effect.provide(machine({ files, env }))))

  it.effect("returns no endpoint for Podman without a service", () =>
    Effect.gen(function*() {
      strictEqual((yield* EngineEndpoint.podman())._tag, "None")
    }).pipe(Effect.provide(machine({ files: {} }))))

  it.effect("uses the user's socket for rootless Podman", () =>
    Effect.gen(function*() {
      const endpoint = yield* Effect.flatten(EngineEndpoint.podman({ remote: true, rootless: true }))
      strictEqual(endpoint.url, "unix:///run/user/1000/podman/podman.sock")
    }).pipe(Effect.provide(machine({ files: {}, env: { XDG_RUNTIME_DIR: "/run/user/1000" } }))))

  it.effect("names the configuration file of Podman that cannot be parsed", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(EngineEndpoint.podman())
      strictEqual(error.reason, "InvalidConfig")
      assert.match(error.message, /containers\/containers\.conf: /)
    }).pipe(Effect.provide(machine({ files: { "home/.config/containers/containers.conf": "[engine" } }))))
})
