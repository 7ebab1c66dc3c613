/**
 * What an engine knows of a container, decoded from the answers of both
 * engines, with the answer itself beside it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ContainerId from "./ContainerId.js"
import * as ImageId from "./ImageId.js"

/**
 * The state of a container. Podman's `configured` and `initialized` are
 * `created` here, its `stopped` is `exited`.
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
 * A port of the container that is published on the engine's machine.
 *
 * @since 0.1.0
 * @category models
 */
export interface PublishedPort {
  readonly containerPort: number
  readonly protocol: string
  /** The address it is published on; empty for all addresses. */
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
  /** What the engine says went wrong; usually empty. */
  readonly error: string
  readonly startedAt: Option.Option<DateTime.Utc>
  readonly finishedAt: Option.Option<DateTime.Utc>
  /**
   * `starting`, `healthy` or `unhealthy`; `None` without a health check. On Podman without systemd it stays `starting`.
   */
  readonly health: Option.Option<string>
}

/**
 * What an engine knows of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerInfo {
  readonly id: ContainerId.ContainerId
  readonly name: string
  /** The image as the engine names it. */
  readonly image: string
  readonly imageId: ImageId.ImageId
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** None while the container does not run. */
  readonly ports: ReadonlyArray<PublishedPort>
  /** The address of the container in each network it has joined. */
  readonly addresses: Readonly<Record<string, string>>
  /** The engine's own answer, decoded from JSON and otherwise untouched. */
  readonly raw: unknown
}

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Answer = Schema.Struct({
  Id: ContainerId.ContainerId,
  Name: Schema.String,
  Created: Schema.String,
  Image: ImageId.FromString,
  ImageName: orNull(Schema.String),
  Config: Schema.Struct({
    Image: orNull(Schema.String),
    Labels: orNull(Schema.Record({ key: Schema.String, value: Schema.String }))
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
 * Decodes one element of what `docker container inspect` or
 * `podman container inspect` answers.
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
      // Since version 5, Podman does not count a paused container as a running one.
      running: answer.State.Running || answer.State.Status === "paused",
      exitCode: answer.State.ExitCode,
      outOfMemory: answer.State.OOMKilled ?? false,
      error: answer.State.Error ?? "",
      startedAt: time(answer.State.StartedAt),
      finishedAt: time(answer.State.FinishedAt),
      health: Option.filter(Option.fromNullable(answer.State.Health?.Status), (health) => health !== "")
    },
    // Podman lists them also while nothing is published.
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

// Both engines write year 1 for a time that has not come yet.
const time = (text: string | null | undefined): Option.Option<DateTime.Utc> =>
  text === undefined || text === null || text === "" || text.startsWith("0001-")
    ? Option.none()
    : Option.map(DateTime.make(text), DateTime.toUtc)
