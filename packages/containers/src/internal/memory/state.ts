import type * as Digest from "@ociman/oci/Digest"
import * as Reference from "@ociman/oci/Reference"
import type * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type { ImageKey } from "../../BackendDriver.js"
import { ContainerNotFound, EngineFailed, NetworkNotFound } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"
import type { PublishedPort } from "../../ContainerInfo.js"
import type { Definition } from "../../Definition.js"
import { FromString as ImageIdFromString, type ImageId } from "../../ImageId.js"
import * as IpAddress from "../../IpAddress.js"
import * as Label from "../../Label.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import * as Subnet from "../../Subnet.js"
import * as imageNames from "../model/imageNames.js"
import type { FileSystem } from "./fileSystem.js"
import type { History } from "./history.js"

/** @internal */
export type Labels = Readonly<Record<string, string>>

/**
 * State of the engine; lists are ordered from new to old.
 *
 * @internal
 */
export interface State {
  readonly containers: ReadonlyArray<Container>
  /** Includes images without a name. */
  readonly images: ReadonlyArray<Image>
  readonly networks: ReadonlyArray<Network>
  readonly volumes: ReadonlyArray<Volume>
  /** Pushed images by name. */
  readonly pushed: Readonly<Record<string, Image>>
  /** Last free host port that was assigned to a container. */
  readonly lastHostPort: number
}

const predefined = (name: string, driver: string, subnets: Network["subnets"]): Network => ({
  id: NetworkInfo.Id.make(Array.from(name, (char) => char.charCodeAt(0).toString(16)).join("").padEnd(64, "0")),
  name,
  driver,
  subnets,
  internal: false,
  ipv6: false,
  labels: {},
  driverOptions: {},
  created: 0,
  predefined: true
})

/** @internal */
export const empty: State = {
  containers: [],
  images: [],
  networks: [
    predefined("bridge", "bridge", [
      { subnet: Subnet.make("172.17.0.0/16"), gateway: Option.some(IpAddress.make("172.17.0.1")) }
    ]),
    predefined("host", "host", []),
    predefined("none", "null", [])
  ],
  volumes: [],
  pushed: {},
  lastHostPort: 0
}

/** @internal */
export interface Network {
  readonly id: NetworkInfo.Id
  readonly name: string
  readonly driver: string
  readonly subnets: ReadonlyArray<NetworkInfo.Range>
  readonly internal: boolean
  readonly ipv6: boolean
  readonly labels: Labels
  readonly driverOptions: Readonly<Record<string, string>>
  readonly created: number
  /** True for a network that exists from the start and cannot be removed. */
  readonly predefined: boolean
}

/** @internal */
export interface Volume {
  readonly name: string
  readonly driver: string
  readonly driverOptions: Readonly<Record<string, string>>
  readonly labels: Labels
  readonly created: number
  readonly files: FileSystem
}

/**
 * Connection of a container to a network.
 *
 * @internal
 */
export interface Endpoint {
  /** Id of the network, or its name if it did not exist when the container was created. */
  readonly networkId: string
  readonly aliases: ReadonlyArray<string>
  readonly requested: ReadonlyArray<IpAddress.IpAddress>
  /** Empty while the container does not run. */
  readonly addresses: ReadonlyArray<IpAddress.IpAddress>
}

/** @internal */
export interface Container {
  readonly id: ContainerId
  readonly name: string
  readonly definition: Definition
  readonly imageId: ImageId
  readonly labels: Labels
  readonly endpoints: ReadonlyArray<Endpoint>
  readonly volumes: ReadonlyArray<{ readonly name: string; readonly target: string; readonly anonymous: boolean }>
  /** Milliseconds since the epoch, like the other times. */
  readonly created: number
  readonly status: "created" | "running" | "paused" | "exited"
  /** Process, while it is running or paused. */
  readonly run: Option.Option<Run>
  readonly exitCode: number
  readonly startedAt: Option.Option<number>
  readonly finishedAt: Option.Option<number>
  readonly history: History
  readonly files: FileSystem
}

/**
 * Run of a container's process.
 *
 * @internal
 */
export interface Run {
  /** Position of its start in the history. */
  readonly from: number
  readonly ports: ReadonlyArray<PublishedPort>
  readonly exited: Deferred.Deferred<number>
  /** Closed while the container is paused. */
  readonly unpaused: Effect.Latch
  /** Signal that arrived while the container was paused. */
  readonly pendingSignal: Option.Option<number>
}

/** @internal */
export interface Image {
  readonly id: ImageId
  /** Digest of its manifest, which registries use. */
  readonly digest: Digest.Digest
  /** Canonical names. */
  readonly names: ReadonlyArray<string>
  readonly labels: Labels
  readonly os: string
  readonly architecture: string
  readonly created: number
  readonly files: FileSystem
  /** From the first step to the last. */
  readonly steps: ReadonlyArray<Step>
}

/** @internal */
export interface Step {
  readonly created: number
  readonly createdBy: string
  readonly comment: string
  readonly size: number
}

/**
 * Finds a container by its id, its name, or a unique prefix of its id.
 *
 * @internal
 */
export const findContainer = (state: State, key: string): Effect.Effect<Container, ContainerNotFound> => {
  const byPrefix = key === "" ? [] : state.containers.filter(({ id }) => id.startsWith(key))
  const found = state.containers.find(({ id, name }) => id === key || name === key) ??
    (byPrefix.length === 1 ? byPrefix[0] : undefined)
  return found === undefined ? new ContainerNotFound({ container: key }) : Effect.succeed(found)
}

/** @internal */
export const putContainer = (state: State, container: Container): State => ({
  ...state,
  containers: state.containers.map((other) => other.id === container.id ? container : other)
})

/**
 * Removes a container, and its anonymous volumes unless `keepVolumes` is set.
 *
 * @internal
 */
export const dropContainer = (state: State, { id, volumes }: Container, keepVolumes = false): State => ({
  ...state,
  containers: state.containers.filter((container) => container.id !== id),
  volumes: keepVolumes
    ? state.volumes
    : state.volumes.filter(({ name }) => !volumes.some((volume) => volume.anonymous && volume.name === name))
})

/** @internal */
export const addVolumes = (state: State, volumes: ReadonlyArray<Volume>): State => ({
  ...state,
  volumes: [...state.volumes, ...volumes]
})

/** @internal */
export const removeByForce = { force: true, volumes: true, grace: Duration.zero } as const

/**
 * Finds a network by its id, its name, or a unique prefix of its id.
 *
 * @internal
 */
export const findNetwork = (state: State, key: string): Effect.Effect<Network, NetworkNotFound> => {
  const byPrefix = key === "" ? [] : state.networks.filter(({ id }) => id.startsWith(key))
  const found = state.networks.find(({ id, name }) => id === key || name === key) ??
    (byPrefix.length === 1 ? byPrefix[0] : undefined)
  return found === undefined ? new NetworkNotFound({ network: key }) : Effect.succeed(found)
}

/**
 * Reports whether a container has a network namespace of its own.
 *
 * @internal
 */
export const hasOwnNetwork = ({ network }: Definition): boolean =>
  !Option.exists(network, (name) => name === "host" || name === "none" || name.startsWith("container:"))

/** @internal */
export const findImage = (state: State, key: ImageKey): Option.Option<Image> =>
  Option.fromNullable(
    typeof key === "string"
      ? state.images.find(({ id }) => id === key)
      : state.images.find(({ names }) => names.includes(imageName(key)))
  )

/**
 * First container that was created from an image.
 *
 * @internal
 */
export const containerUsing = (state: State, { id }: Image): Container | undefined =>
  state.containers.find(({ imageId }) => imageId === id)

/**
 * Adds names to an image and removes them from other images.
 *
 * @internal
 */
export const tagImage = (state: State, image: Image, ...names: ReadonlyArray<string>): State => {
  const others = state.images.filter(({ id }) => id !== image.id).map((other) => ({
    ...other,
    names: other.names.filter((known) => !names.includes(known))
  }))
  return { ...state, images: [{ ...image, names: [...new Set([...image.names, ...names])] }, ...others] }
}

/**
 * Name under which an image is stored.
 *
 * @internal
 */
export const imageName = (reference: Reference.Reference): string => Reference.format(imageNames.stored(reference))

/** @internal */
export const matches = Label.matchesAll

/** @internal */
export const toRecord = Label.toRecord

/** @internal */
export const makeImageId: Effect.Effect<ImageId> = Effect.suspend(() =>
  Effect.flatMap(makeId, (id) => Effect.orDie(Schema.decode(ImageIdFromString)(id)))
)

/**
 * Generates an id in the format of engines: 64 hexadecimal digits.
 *
 * @internal
 */
export const makeId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32), 8),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/** @internal */
export const failed = (
  operation: string,
  reason: EngineFailed["reason"],
  detail: string,
  cause?: unknown
): EngineFailed =>
  new EngineFailed({ engine: "memory", operation, reason, detail, ...(cause === undefined ? {} : { cause }) })
