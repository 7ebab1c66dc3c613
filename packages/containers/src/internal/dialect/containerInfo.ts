import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ContainerId from "../../ContainerId.js"
import { type ContainerInfo, type PublishedPort, Status } from "../../ContainerInfo.js"
import * as ImageId from "../../ImageId.js"
import { orNull, Texts, time } from "./engineJson.js"

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

/** Decodes one element of the output of `docker container inspect` or `podman container inspect`. */
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
