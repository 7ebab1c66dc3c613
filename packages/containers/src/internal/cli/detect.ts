import type { CommandFailed } from "@ociman/process"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Probe } from "../../BackendError.js"
import * as Engine from "../../Engine.js"
import type { Client } from "./client.js"
import { lastLine, unavailableReason } from "./failures.js"

const DockerVersion = Schema.Struct({
  Client: Schema.Struct({ Version: Schema.String }),
  Server: Schema.Struct({
    Version: Schema.String,
    Components: Schema.optional(
      Schema.NullOr(Schema.Array(Schema.Struct({ Name: Schema.String, Version: Schema.String })))
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
  version: Schema.Struct({ Version: Schema.String })
})

/**
 * Asks a client what engine stands behind it. A `docker` that answers as
 * Podman does is Podman with another name.
 *
 * @internal
 */
export const detect = (client: Client, expected: Engine.Name): Effect.Effect<Engine.Engine, Probe> => {
  const probe = (reason: Probe["reason"], detail: string) =>
    new Probe({ engine: expected, executable: client.executable, reason, detail })
  const unexpected = (detail: string) => probe("UnexpectedAnswer", detail)
  const refused = (error: CommandFailed.CommandFailed) =>
    probe(unavailableReason(error), lastLine(error.stderr) || error.shortMessage)

  const ask = (...args: ReadonlyArray<string>) =>
    client.run([...args, "--format", "{{json .}}"], { timeout: "20 seconds" }).pipe(
      Effect.mapBoth({ onFailure: refused, onSuccess: ({ stdout }) => stdout.text })
    )
  const read = <A, I>(schema: Schema.Schema<A, I>, text: string) =>
    Effect.mapError(
      Schema.decode(Schema.parseJson(schema))(text),
      () => unexpected(text.length > 200 ? `${text.slice(0, 200)}…` : text.trim())
    )
  const version = (text: string) =>
    Effect.mapError(Engine.parseVersion(text), () => unexpected(`"${text}" is no version`))

  const asPodman = Effect.fnUntraced(function*(info: typeof PodmanInfo.Type) {
    const podman = yield* version(info.version.Version)
    return {
      name: "podman" as const,
      client: "podman" as const,
      executable: client.executable,
      version: podman,
      clientVersion: podman,
      rootless: info.host.security.rootless,
      remoteHost: info.host.serviceIsRemote === true ? yield* podmanRemoteHost : Option.none<string>()
    }
  })

  const asDocker = Effect.fnUntraced(function*(answer: typeof DockerVersion.Type, info: typeof DockerInfo.Type) {
    const podman = answer.Server.Components?.find(({ Name }) => Name === "Podman Engine")
    return {
      name: podman === undefined ? "docker" as const : "podman" as const,
      client: "docker" as const,
      executable: client.executable,
      version: yield* version(podman?.Version ?? answer.Server.Version),
      clientVersion: yield* version(answer.Client.Version),
      rootless: (info.SecurityOptions ?? []).some((option) => /^(?:name=)?rootless(?:,|$)/.test(option)) ||
        info.Rootless === true,
      remoteHost: yield* dockerRemoteHost(client)
    }
  })

  // Only `version` says in so many words why it could not be answered, so that it is listened to first.
  const docker = Effect.gen(function*() {
    const info = yield* Effect.fork(ask("info"))
    const answer = yield* ask("version")
    const infoText = yield* Fiber.join(info)
    return yield* Option.match(Schema.decodeOption(Schema.parseJson(PodmanInfo))(infoText), {
      onSome: asPodman,
      onNone: () =>
        Effect.flatMap(
          Effect.all([read(DockerVersion, answer), read(DockerInfo, infoText)]),
          ([answer, info]) => asDocker(answer, info)
        )
    })
  })

  const podman = ask("info").pipe(
    Effect.flatMap((text) => read(PodmanInfo, text)),
    Effect.flatMap(asPodman)
  )

  return expected === "docker" ? docker : podman
}

// The host part of `tcp://host:port` and `ssh://user@host:port`; sockets and pipes have none.
const hostOf = (endpoint: string): Option.Option<string> =>
  Option.fromNullable(/^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(endpoint)?.[1]).pipe(
    Option.map((host) => host.replace(/^\[(.*)\]$/, "$1"))
  )

const dockerRemoteHost = (client: Client): Effect.Effect<Option.Option<string>> =>
  client.run(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], { timeout: "20 seconds" }).pipe(
    Effect.map(({ stdout }) => hostOf(stdout.text.trim())),
    Effect.orElseSucceed(Option.none)
  )

const podmanRemoteHost: Effect.Effect<Option.Option<string>> = Config.string("CONTAINER_HOST").pipe(
  Effect.map(hostOf),
  Effect.orElseSucceed(Option.none)
)
