/**
 * Properties of a container, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ContainerId from "./ContainerId.js"
import * as ImageId from "./ImageId.js"
import { orNull, Texts, time } from "./internal/values/engineJson.js"

/**
 * State of a container. Podman's `configured` and `initialized` are decoded as `created`, its `stopped` as `exited`.
 *
 * @since 0.1.0
 * @category models
 */
export const Status = Schema.Literal(
  "created",
  "running",
  "paused",
  "restarting",
  "stopping",
  "removing",
  "exited",
  "dead",
  "unknown"
)

/**
 * @since 0.1.0
 * @category models
 */
export type Status = typeof Status.Type

/**
 * Port of the container that is published on the engine's machine.
 *
 * @since 0.1.0
 * @category models
 */
export interface PublishedPort {
  readonly containerPort: number
  readonly protocol: string
  /** Host address; empty for all addresses. */
  readonly hostIp: string
  readonly hostPort: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ContainerState {
  readonly status: Status
  /** If true, the container has a process, which may be paused. */
  readonly running: boolean
  /** Exit code of the last run; 0 before the first one has ended, and while the container runs. */
  readonly exitCode: number
  readonly outOfMemory: boolean
  /** Error message of the engine; usually empty. */
  readonly error: string
  readonly startedAt: Option.Option<DateTime.Utc>
  readonly finishedAt: Option.Option<DateTime.Utc>
  /**
   * `starting`, `healthy` or `unhealthy`; `None` without a health check. On Podman without systemd it stays `starting`.
   */
  readonly health: Option.Option<string>
}

/**
 * Properties of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerInfo {
  readonly id: ContainerId.ContainerId
  readonly name: string
  /** Name of the image, as reported by the engine. */
  readonly image: string
  readonly imageId: ImageId.ImageId
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** Published ports; empty while the container does not run. */
  readonly ports: ReadonlyArray<PublishedPort>
  /** Address of the container by the name of each network it is connected to. */
  readonly addresses: Readonly<Record<string, string>>
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}

const Answer = Schema.Struct({
  Id: ContainerId.ContainerId,
  Name: Schema.String,
  Created: Schema.String,
  Image: ImageId.FromString,
  ImageName: orNull(Schema.String),
  Config: Schema.Struct({
    Image: orNull(Schema.String),
    Labels: Texts
  }),
  State: Schema.Struct({
    Status: Schema.String,
    Running: Schema.Boolean,
    ExitCode: Schema.Number,
    OOMKilled: orNull(Schema.Boolean),
    Error: orNull(Schema.String),
    StartedAt: orNull(Schema.String),
    FinishedAt: orNull(Schema.String),
    Health: orNull(Schema.Struct({ Status: orNull(Schema.String) }))
  }),
  NetworkSettings: Schema.Struct({
    Ports: orNull(Schema.Record({
      key: Schema.String,
      value: Schema.NullOr(Schema.Array(Schema.Struct({ HostIp: orNull(Schema.String), HostPort: Schema.String })))
    })),
    Networks: orNull(Schema.Record({
      key: Schema.String,
      value: Schema.NullOr(Schema.Struct({ IPAddress: orNull(Schema.String) }))
    }))
  })
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/**
 * Decodes one element of the output of `docker container inspect` or `podman container inspect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<ContainerInfo, ParseResult.ParseError> =>
  Either.map(decodeAnswer(raw), (answer) => ({
    id: answer.Id,
    name: answer.Name.replace(/^\//, ""),
    image: answer.ImageName ?? answer.Config.Image ?? answer.Image,
    imageId: answer.Image,
    created: time(answer.Created),
    labels: answer.Config.Labels ?? {},
    state: {
      status: status(answer.State.Status),
      // Since version 5, Podman reports a paused container as not running.
      running: answer.State.Running || answer.State.Status === "paused",
      exitCode: answer.State.ExitCode,
      outOfMemory: answer.State.OOMKilled ?? false,
      error: answer.State.Error ?? "",
      startedAt: time(answer.State.StartedAt),
      finishedAt: time(answer.State.FinishedAt),
      health: Option.filter(Option.fromNullable(answer.State.Health?.Status), (health) => health !== "")
    },
    // Podman also lists ports of containers that do not run.
    ports: hasProcess(status(answer.State.Status))
      ? Object.entries(answer.NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => published(key, bindings))
      : [],
    addresses: Object.fromEntries(
      Object.entries(answer.NetworkSettings.Networks ?? {}).flatMap(([network, endpoint]) =>
        endpoint?.IPAddress ? [[network, endpoint.IPAddress]] : []
      )
    ),
    raw
  }))

const hasProcess = (status: Status) => status !== "created" && status !== "exited" && status !== "dead"

const published = (
  key: string,
  bindings: ReadonlyArray<{ readonly HostIp?: string | null | undefined; readonly HostPort: string }> | null
): ReadonlyArray<PublishedPort> => {
  const [containerPort, protocol] = key.split("/")
  return (bindings ?? []).map(({ HostIp, HostPort }) => ({
    containerPort: Number(containerPort),
    protocol: protocol ?? "tcp",
    hostIp: HostIp ?? "",
    hostPort: Number(HostPort)
  }))
}

const status = (text: string): Status => {
  switch (text) {
    case "configured":
    case "initialized":
      return "created"
    case "stopped":
      return "exited"
    default:
      return Schema.is(Status)(text) ? text : "unknown"
  }
}
