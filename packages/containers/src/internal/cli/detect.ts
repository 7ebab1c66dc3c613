import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Probe } from "../../BackendError.js"
import * as Engine from "../../Engine.js"
import * as EngineEndpoint from "../../EngineEndpoint.js"
import type { Client } from "./client.js"
import { sshHost } from "./engineLocation.js"
import { lastLine, unavailableReason } from "./failures.js"

const DockerVersion = Schema.Struct({
  Client: Schema.Struct({
    Version: Schema.String,
    // The negotiated version. Clients before 1.12 and Podman's `docker` emulation report nothing else.
    ApiVersion: Schema.String,
    DefaultAPIVersion: Schema.optional(Schema.String)
  }),
  Server: Schema.Struct({
    Version: Schema.String,
    ApiVersion: Schema.String,
    Components: Schema.optional(
      Schema.NullOr(Schema.Array(Schema.Struct({
        Name: Schema.String,
        Version: Schema.String,
        Details: Schema.optional(Schema.NullOr(Schema.Struct({ APIVersion: Schema.optional(Schema.String) })))
      })))
    )
  })
})

const DockerInfo = Schema.Struct({
  SecurityOptions: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  Rootless: Schema.optional(Schema.Boolean)
})

const PodmanInfo = Schema.Struct({
  host: Schema.Struct({
    security: Schema.Struct({ rootless: Schema.Boolean }),
    serviceIsRemote: Schema.optional(Schema.Boolean)
  }),
  version: Schema.Struct({ Version: Schema.String, APIVersion: Schema.optional(Schema.String) })
})

/**
 * Detects the engine behind a client. A `docker` that answers like Podman is
 * Podman under another name.
 *
 * @internal
 */
export const detect = (
  client: Client,
  expected: Engine.Name
): Effect.Effect<Engine.Engine<Engine.Cli>, Probe, CommandExecutor.CommandExecutor | FileSystem.FileSystem> => {
  const probe = (reason: Probe["reason"], detail: string) =>
    new Probe({ engine: expected, executable: client.executable, reason, detail })
  const unexpected = (detail: string) => probe("UnexpectedAnswer", detail)
  const refused = (error: CommandFailed.CommandFailed) =>
    probe(unavailableReason(error), lastLine(error.stderr) || error.shortMessage)

  const query = (...args: ReadonlyArray<string>) =>
    client.run([...args, "--format", "{{json .}}"], { timeout: "20 seconds" }).pipe(
      Effect.mapBoth({ onFailure: refused, onSuccess: ({ stdout }) => stdout.text })
    )
  const read = <A, I>(schema: Schema.Schema<A, I>, text: string) =>
    Effect.mapError(
      Schema.decode(Schema.parseJson(schema))(text),
      () => unexpected(text.length > 200 ? `${text.slice(0, 200)}…` : text.trim())
    )
  // An engine's version may be `dev` or a commit, so features are decided by its API version only.
  const apiVersion = (text: string) =>
    Effect.mapError(Engine.parseVersion(text), () => unexpected(`"${text}" is not an API version`))

  const podmanEngine = Effect.fnUntraced(function*(info: typeof PodmanInfo.Type) {
    const { APIVersion, Version } = info.version
    const podman = yield* apiVersion(APIVersion ?? Version)
    return {
      name: "podman" as const,
      transport: {
        _tag: "Cli" as const,
        client: "podman" as const,
        executable: client.executable,
        version: Version,
        apiVersion: podman
      },
      version: Version,
      apiVersion: podman,
      capabilities: Engine.allCapabilities,
      rootless: info.host.security.rootless,
      ...(info.host.serviceIsRemote === true ? yield* podmanLocation(podman) : noLocation)
    }
  })

  const dockerEngine = Effect.fnUntraced(function*(answer: typeof DockerVersion.Type, info: typeof DockerInfo.Type) {
    const executor = yield* CommandExecutor.CommandExecutor
    const podman = answer.Server.Components?.find(({ Name }) => Name === "Podman Engine")
    return {
      name: podman === undefined ? "docker" as const : "podman" as const,
      transport: {
        _tag: "Cli" as const,
        client: "docker" as const,
        executable: client.executable,
        version: answer.Client.Version,
        apiVersion: yield* apiVersion(answer.Client.DefaultAPIVersion ?? answer.Client.ApiVersion)
      },
      version: podman?.Version ?? answer.Server.Version,
      apiVersion: yield* apiVersion(podman?.Details?.APIVersion ?? podman?.Version ?? answer.Server.ApiVersion),
      capabilities: Engine.allCapabilities,
      rootless: (info.SecurityOptions ?? []).some((option) => /^(?:name=)?rootless(?:,|$)/.test(option)) ||
        info.Rootless === true,
      ...yield* dockerLocation(client, executor)
    }
  })

  // Only `version` reports why it failed, so its error takes precedence.
  const docker = Effect.gen(function*() {
    const info = yield* Effect.fork(query("info"))
    const answer = yield* query("version")
    const infoText = yield* Fiber.join(info)
    return yield* Option.match(Schema.decodeOption(Schema.parseJson(PodmanInfo))(infoText), {
      onSome: podmanEngine,
      onNone: () =>
        Effect.flatMap(
          Effect.all([read(DockerVersion, answer), read(DockerInfo, infoText)]),
          ([answer, info]) => dockerEngine(answer, info)
        )
    })
  })

  const podman = query("info").pipe(
    Effect.flatMap((text) => read(PodmanInfo, text)),
    Effect.flatMap(podmanEngine)
  )

  return expected === "docker" ? docker : podman
}

interface Location {
  readonly endpoint: Option.Option<string>
  readonly context: Option.Option<string>
  readonly remoteHost: Option.Option<string>
}

const noLocation: Location = { endpoint: Option.none(), context: Option.none(), remoteHost: Option.none() }

const DockerContext = Schema.Struct({
  Name: Schema.String,
  Endpoints: Schema.Struct({ docker: Schema.Struct({ Host: Schema.String }) })
})

// The client is the authority on its contexts; a client without contexts is assumed to follow the same rules.
const dockerLocation = (client: Client, executor: CommandExecutor.CommandExecutor) =>
  client.run(["context", "inspect", "--format", "{{json .}}"], { timeout: "20 seconds" }).pipe(
    Effect.flatMap(({ stdout }) => Schema.decode(Schema.parseJson(DockerContext))(stdout.text)),
    Effect.map(({ Endpoints, Name }) => ({ url: Endpoints.docker.Host, context: Option.some(Name) })),
    Effect.orElse(() => Effect.map(EngineEndpoint.docker(), ({ url }) => ({ url, context: Option.none<string>() }))),
    Effect.flatMap(({ context, url }) =>
      Effect.map(
        Effect.transposeMapOption(
          EngineEndpoint.remoteHost(url),
          (host) => url.startsWith("ssh:") ? sshHost(host, executor) : Effect.succeed(host)
        ),
        (remoteHost): Location => ({ endpoint: Option.some(url), context, remoteHost })
      )
    ),
    Effect.orElseSucceed(() => noLocation)
  )

const podmanLocation = (version: Engine.Version) =>
  EngineEndpoint.podman({ remote: true, version }).pipe(
    Effect.map(Option.match({
      onNone: () => noLocation,
      onSome: ({ context, url }): Location => ({
        endpoint: Option.some(url),
        context,
        remoteHost: EngineEndpoint.remoteHost(url)
      })
    })),
    Effect.orElseSucceed(() => noLocation)
  )
