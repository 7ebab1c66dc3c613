import type * as ContainerInfo from "@ociman/containers/ContainerInfo"
import type * as ImageInfo from "@ociman/containers/ImageInfo"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const strings = optional(Schema.Array(Schema.String))

const Container = Schema.Struct({
  Id: Schema.String,
  Name: Schema.String,
  Mounts: optional(Schema.Array(Schema.Struct({ Type: Schema.String, Name: optional(Schema.String) }))),
  Config: Schema.Struct({
    Labels: optional(Schema.Record({ key: Schema.String, value: Schema.String })),
    StopSignal: optional(Schema.Union(Schema.String, Schema.Number)),
    Healthcheck: optional(Schema.Struct({ Test: strings, Interval: optional(Schema.Number) }))
  }),
  HostConfig: Schema.Struct({
    Memory: optional(Schema.Number),
    NanoCpus: optional(Schema.Number),
    RestartPolicy: optional(Schema.Struct({ Name: Schema.String, MaximumRetryCount: optional(Schema.Number) })),
    LogConfig: optional(Schema.Struct({ Type: Schema.String })),
    Privileged: optional(Schema.Boolean)
  })
})

/**
 * Decodes the fields of a container's raw inspection that both engines have.
 *
 * @internal
 */
export const container = (info: ContainerInfo.ContainerInfo): typeof Container.Type =>
  Schema.decodeUnknownSync(Container)(info.raw)

const Mounts = Schema.Struct({ Mounts: Container.fields.Mounts })

/** @internal */
export const anonymousVolumes = (named: string) => (info: ContainerInfo.ContainerInfo): ReadonlyArray<string> =>
  Either.match(Schema.decodeUnknownEither(Mounts)(info.raw), {
    onLeft: () => [],
    onRight: ({ Mounts }) =>
      (Mounts ?? []).flatMap(({ Name, Type }) => Type === "volume" && Name && Name !== named ? [Name] : [])
  })

const Image = Schema.Struct({
  Author: optional(Schema.String),
  Comment: optional(Schema.String),
  Config: Schema.Struct({
    Env: strings,
    Cmd: strings
  })
})

/** @internal */
export const image = (info: ImageInfo.ImageInfo): typeof Image.Type => Schema.decodeUnknownSync(Image)(info.raw)
