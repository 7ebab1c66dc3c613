import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { parse } from "smol-toml"
import { failWith } from "./endpointError.js"
import { configHome, nonEmpty, readIfPresent } from "./settings.js"

export interface Destination {
  readonly url: string
  readonly identity: Option.Option<string>
}

/** Connections of Podman's configuration files. */
export interface Connections {
  /** True if the client connects to a service even without `--remote`. */
  readonly remote: boolean
  readonly active: Option.Option<string>
  readonly destinations: ReadonlyMap<string, Destination>
}

const fail = failWith("podman")

export const load = Effect.fnUntraced(function*(withConnectionsFile: boolean) {
  const files = yield* Effect.forEach(yield* configFiles, readConfig)
  return (withConnectionsFile ? [...files, yield* connectionsFile] : files).reduce(merge, empty)
})

const empty: Connections = { remote: false, active: Option.none(), destinations: new Map() }

/** Later files override earlier ones; destinations are merged by name. */
const merge = (earlier: Connections, later: Partial<Connections>): Connections => ({
  remote: later.remote ?? earlier.remote,
  active: Option.orElse(later.active ?? Option.none(), () => earlier.active),
  destinations: new Map([...earlier.destinations, ...later.destinations ?? []])
})

/** https://github.com/containers/common/blob/v0.50.1/pkg/config/config.go */
const configFiles = Effect.gen(function*() {
  const exclusive = yield* nonEmpty("CONTAINERS_CONF")
  const last = Option.toArray(yield* nonEmpty("CONTAINERS_CONF_OVERRIDE"))
  if (Option.isSome(exclusive)) return [exclusive.value, ...last]
  const paths = yield* Effect.forEach(
    ["/usr/share/containers", "/etc/containers", `${yield* configHome}/containers`],
    (directory) =>
      Effect.map(dropIns(`${directory}/containers.conf.d`), (files) => [`${directory}/containers.conf`, ...files])
  )
  return [...paths.flat(), ...last]
})

const dropIns = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory)).pipe(
    Effect.map((names) => names.filter((name) => name.endsWith(".conf")).sort().map((name) => `${directory}/${name}`)),
    Effect.orElseSucceed(() => [])
  )

const Config = Schema.Struct({
  engine: Schema.optional(Schema.Struct({
    remote: Schema.optional(Schema.Boolean),
    active_service: Schema.optional(Schema.String),
    service_destinations: Schema.optional(Schema.Record({
      key: Schema.String,
      value: Schema.Struct({ uri: Schema.String, identity: Schema.optional(Schema.String) })
    }))
  }))
})

const readConfig = (path: string) =>
  readIfPresent(path).pipe(
    Effect.flatMap(Option.match({
      onNone: () => Effect.succeed<typeof Config.Type>({}),
      onSome: (text) =>
        Effect.try({ try: () => parse(text), catch: String }).pipe(
          Effect.flatMap(Schema.decodeUnknown(Config)),
          Effect.mapError(String)
        )
    })),
    Effect.catchAll((detail) => fail("InvalidConfig", `${path}: ${detail}`)),
    Effect.map(({ engine = {} }): Partial<Connections> => ({
      ...(engine.remote === undefined ? {} : { remote: engine.remote }),
      active: nonEmptyText(engine.active_service),
      destinations: new Map(
        Object.entries(engine.service_destinations ?? {}).map(([name, { identity, uri }]) => [
          name,
          { url: uri, identity: nonEmptyText(identity) }
        ])
      )
    }))
  )

const ConnectionsFile = Schema.parseJson(Schema.Struct({
  Connection: Schema.optional(Schema.Struct({
    Default: Schema.optional(Schema.String),
    Connections: Schema.optional(Schema.NullOr(Schema.Record({
      key: Schema.String,
      value: Schema.Struct({ URI: Schema.String, Identity: Schema.optional(Schema.String) })
    })))
  }))
}))

/** https://github.com/containers/common/blob/v0.58.0/pkg/config/connections.go */
const connectionsFile = Effect.gen(function*() {
  const setting = yield* nonEmpty("PODMAN_CONNECTIONS_CONF")
  const directory = yield* configHome
  const path = Option.getOrElse(setting, () => `${directory}/containers/podman-connections.json`)
  const text = yield* Effect.catchAll(readIfPresent(path), (detail) => fail("InvalidConfig", detail))
  if (Option.isNone(text)) return {}
  const { Connection = {} } = yield* Effect.catchAll(
    Schema.decode(ConnectionsFile)(text.value),
    (error) => fail("InvalidConfig", `${path}: ${error.message}`)
  )
  return {
    active: nonEmptyText(Connection.Default),
    destinations: new Map(
      Object.entries(Connection.Connections ?? {}).map(([name, { Identity, URI }]) => [
        name,
        { url: URI, identity: nonEmptyText(Identity) }
      ])
    )
  }
})

const nonEmptyText = (text: string | undefined) => Option.filter(Option.fromNullable(text), (text) => text !== "")
