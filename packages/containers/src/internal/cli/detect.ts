import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
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
  const context: Context = {
    client,
    probe: (reason, detail) => new Probe({ engine: expected, executable: client.executable, reason, detail })
  }
  return expected === "docker" ? detectByDocker(context) : detectByPodman(context)
}

interface Context {
  readonly client: Client
  readonly probe: (reason: Probe["reason"], detail: string) => Probe
}

// Only `version` reports why it failed, so its error takes precedence.
const detectByDocker = (context: Context) =>
  Effect.gen(function*() {
    const info = yield* Effect.fork(query(context, "info"))
    const answer = yield* query(context, "version")
    const infoText = yield* Fiber.join(info)
    return yield* Option.match(Schema.decodeOption(Schema.parseJson(PodmanInfo))(infoText), {
      onSome: (info) => podmanEngine(context, info),
      onNone: () =>
        Effect.flatMap(
          Effect.all([decode(context, DockerVersion, answer), decode(context, DockerInfo, infoText)]),
          ([answer, info]) => dockerEngine(context, answer, info)
        )
    })
  })

const detectByPodman = (context: Context) =>
  query(context, "info").pipe(
    Effect.flatMap((text) => decode(context, PodmanInfo, text)),
    Effect.flatMap((info) => podmanEngine(context, info))
  )

const query = ({ client, probe }: Context, command: "info" | "version") =>
  client.run([command, "--format", "{{json .}}"], { timeout: "20 seconds" }).pipe(
    Effect.mapBoth({
      onFailure: (error) => probe(unavailableReason(error), lastLine(error.stderr) || error.shortMessage),
      onSuccess: ({ stdout }) => stdout.text
    })
  )

const decode = <A, I>({ probe }: Context, schema: Schema.Schema<A, I>, text: string) =>
  Effect.mapError(
    Schema.decode(Schema.parseJson(schema))(text),
    () => probe("UnexpectedAnswer", text.length > 200 ? `${text.slice(0, 200)}…` : text.trim())
  )

// An engine's version may be `dev` or a commit, so features are decided by its API version only.
const apiVersion = ({ probe }: Context, text: string) =>
  Effect.mapError(Engine.parseVersion(text), () => probe("UnexpectedAnswer", `"${text}" is not an API version`))

const podmanEngine = Effect.fnUntraced(function*(context: Context, info: typeof PodmanInfo.Type) {
  const { APIVersion, Version } = info.version
  const podman = yield* apiVersion(context, APIVersion ?? Version)
  return {
    name: "podman" as const,
    transport: {
      _tag: "Cli" as const,
      client: "podman" as const,
      executable: context.client.executable,
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

const dockerEngine = Effect.fnUntraced(function*(
  context: Context,
  { Client, Server }: typeof DockerVersion.Type,
  info: typeof DockerInfo.Type
) {
  const executor = yield* CommandExecutor.CommandExecutor
  const podman = Server.Components?.find(({ Name }) => Name === "Podman Engine")
  return {
    name: podman === undefined ? "docker" as const : "podman" as const,
    transport: {
      _tag: "Cli" as const,
      client: "docker" as const,
      executable: context.client.executable,
      version: Client.Version,
      apiVersion: yield* apiVersion(context, Client.DefaultAPIVersion ?? Client.ApiVersion)
    },
    version: podman?.Version ?? Server.Version,
    apiVersion: yield* apiVersion(context, podman?.Details?.APIVersion ?? podman?.Version ?? Server.ApiVersion),
    capabilities: Engine.allCapabilities,
    rootless: (info.SecurityOptions ?? []).some((option) => /^(?:name=)?rootless(?:,|$)/.test(option)) ||
      info.Rootless === true,
    ...yield* dockerLocation(context.client, executor)
  }
})

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
