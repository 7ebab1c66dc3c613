import * as Reference from "@ociman/oci/Reference"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ContainerInfo from "../../ContainerInfo.js"
import * as Environment from "../../Environment.js"
import type * as ImageInfo from "../../ImageInfo.js"
import * as IpAddress from "../../IpAddress.js"
import { decode as decodeContainerInfo } from "../dialect/containerInfo.js"
import * as imageHistory from "../dialect/imageHistory.js"
import { decode as decodeImageInfo } from "../dialect/imageInfo.js"
import { networkOf } from "./endpoints.js"
import type { Container, Image, State } from "./state.js"

/**
 * Description of a container in Docker's format.
 *
 * @internal
 */
export const containerInfo = (state: State, container: Container): Effect.Effect<ContainerInfo.ContainerInfo> => {
  const { definition, startedAt, finishedAt } = container
  const [path, ...args] = [...Option.getOrElse(definition.entrypoint, () => []), ...definition.arguments]
  return Effect.orDie(decodeContainerInfo({
    Id: container.id,
    Created: time(container.created),
    Path: path ?? "",
    Args: args,
    State: {
      Status: container.status,
      Running: Option.isSome(container.run),
      Paused: container.status === "paused",
      OOMKilled: false,
      ExitCode: container.exitCode,
      Error: "",
      StartedAt: Option.match(startedAt, { onNone: () => never, onSome: time }),
      FinishedAt: Option.match(finishedAt, { onNone: () => never, onSome: time })
    },
    Image: container.imageId,
    Name: `/${container.name}`,
    HostConfig: { AutoRemove: definition.autoRemove },
    Config: {
      Image: Reference.format(definition.image),
      Env: Object.entries(Environment.toRecord(definition.environment)).map(([name, value]) => `${name}=${value}`),
      Cmd: definition.arguments,
      Labels: container.labels,
      Tty: definition.tty,
      OpenStdin: definition.interactive
    },
    Mounts: container.volumes.map(({ name, target }) => ({ Type: "volume", Name: name, Destination: target })),
    NetworkSettings: { Ports: ports(container), Networks: networks(state, container) }
  }))
}

/**
 * Description of an image in Docker's format.
 *
 * @internal
 */
export const imageInfo = (image: Image): Effect.Effect<ImageInfo.ImageInfo> => {
  const names = image.names.map((name) => Reference.familiar(Reference.make(name)))
  return Effect.orDie(decodeImageInfo({
    Id: image.id,
    RepoTags: names.filter((name) => !name.includes("@")),
    RepoDigests: names.filter((name) => name.includes("@")),
    Created: time(image.created),
    Os: image.os,
    Architecture: image.architecture,
    Size: 4096,
    Config: { Labels: image.labels }
  }))
}

/**
 * History of an image in Docker's format, newest step first.
 *
 * @internal
 */
export const imageSteps = ({ steps }: Image): Effect.Effect<ReadonlyArray<ImageInfo.HistoryStep>> =>
  Effect.orDie(Effect.forEach([...steps].reverse(), ({ comment, created, createdBy, size }) =>
    imageHistory.fromDocker({
      CreatedAt: time(created),
      CreatedBy: createdBy,
      Size: String(size),
      Comment: comment
    })))

// Docker's placeholder for a time that is not set.
const never = "0001-01-01T00:00:00Z"

const time = (milliseconds: number) => DateTime.formatIso(DateTime.unsafeMake(milliseconds))

const ports = ({ run }: Container) => {
  const bindings: Record<string, Array<{ readonly HostIp: string; readonly HostPort: string }>> = {}
  if (Option.isSome(run)) {
    for (const { containerPort, hostIp, hostPort, protocol } of run.value.ports) {
      ;(bindings[`${containerPort}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) })
    }
  }
  return bindings
}

const networks = (state: State, { endpoints }: Container) =>
  Object.fromEntries(endpoints.flatMap((endpoint) => {
    const network = networkOf(state, endpoint)
    if (network === undefined) return []
    const addressOf = (family: IpAddress.Family) =>
      endpoint.addresses.find((address) => IpAddress.family(address) === family) ?? ""
    return [[network.name, {
      NetworkID: network.id,
      Aliases: endpoint.aliases,
      IPAddress: addressOf("ipv4"),
      GlobalIPv6Address: addressOf("ipv6")
    }]]
  }))
