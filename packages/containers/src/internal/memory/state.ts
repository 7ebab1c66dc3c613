import { Reference } from "@ociman/oci"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { ContainerNotFound, EngineFailed } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"
import type { PublishedPort } from "../../ContainerInfo.js"
import type { Definition } from "../../Definition.js"
import * as Label from "../../Label.js"
import type { FileSystem } from "./fileSystem.js"
import type { History } from "./history.js"

/** @internal */
export type Labels = Readonly<Record<string, string>>

/**
 * All that the engine has, newest first.
 *
 * @internal
 */
export interface State {
  readonly containers: ReadonlyArray<Container>
  /** Also those that no longer have a name. */
  readonly images: ReadonlyArray<Image>
  /** How many containers there have been. */
  readonly created: number
  /** The last free host port that was given to a container. */
  readonly lastHostPort: number
}

/** @internal */
export const empty: State = { containers: [], images: [], created: 0, lastHostPort: 0 }

/** @internal */
export interface Container {
  readonly id: ContainerId
  readonly name: string
  readonly definition: Definition
  readonly imageId: string
  readonly labels: Labels
  readonly address: string
  /** Milliseconds of the clock, as are the other times. */
  readonly created: number
  readonly status: "created" | "running" | "paused" | "exited"
  /** The process, while it is running or paused. */
  readonly run: Option.Option<Run>
  readonly exitCode: number
  readonly startedAt: Option.Option<number>
  readonly finishedAt: Option.Option<number>
  readonly history: History
  readonly files: FileSystem
}

/**
 * One run of a container's process.
 *
 * @internal
 */
export interface Run {
  /** Where in the history it begins. */
  readonly from: number
  readonly ports: ReadonlyArray<PublishedPort>
  readonly exited: Deferred.Deferred<number>
  /** Closed while the container is paused. */
  readonly thawed: Effect.Latch
  /** A signal that arrived while the container was paused. */
  readonly pendingSignal: Option.Option<number>
}

/** @internal */
export interface Image {
  readonly id: string
  /** Canonical names. */
  readonly names: ReadonlyArray<string>
  readonly labels: Labels
  readonly os: string
  readonly architecture: string
  readonly created: number
  readonly files: FileSystem
}

/**
 * A container by its id, its name, or the first digits of its id.
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

/** @internal */
export const dropContainer = (state: State, { id }: Container): State => ({
  ...state,
  containers: state.containers.filter((container) => container.id !== id)
})

/** @internal */
export const findImage = (state: State, reference: Reference.Reference): Option.Option<Image> =>
  Option.fromNullable(state.images.find(({ names }) => names.includes(imageName(reference))))

/**
 * The images that have a name, or a container that uses them.
 *
 * @internal
 */
export const knownImages = (state: State): ReadonlyArray<Image> =>
  state.images.filter((image) => image.names.length > 0 || userOf(state, image) !== undefined)

/** @internal */
export const userOf = (state: State, { id }: Image): Container | undefined =>
  state.containers.find(({ imageId }) => imageId === id)

/**
 * Gives an image a name, and takes it from the image that had it.
 *
 * @internal
 */
export const tagImage = (state: State, image: Image, name: string): State => {
  const others = state.images.filter(({ id }) => id !== image.id).map((other) => ({
    ...other,
    names: other.names.filter((known) => known !== name)
  }))
  return { ...state, images: [{ ...image, names: [...image.names, name] }, ...others] }
}

/**
 * The name under which an image is kept; with a digest, a tag says nothing more.
 *
 * @internal
 */
export const imageName = (reference: Reference.Reference): string => {
  const canonical = Reference.canonical(reference)
  return Reference.format(
    Option.isSome(canonical.digest) ? Reference.withoutTag(canonical) : Reference.withDefaultTag(canonical)
  )
}

/** @internal */
export const matches = (labels: Labels, filters: ReadonlyArray<Label.Filter>): boolean =>
  filters.every((filter) => Label.matches(labels, filter))

/** @internal */
export const toRecord = Label.toRecord

/**
 * Identities as engines make them: 64 hexadecimal digits.
 *
 * @internal
 */
export const makeId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32), 8),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/** @internal */
export const failed = (operation: string, reason: EngineFailed["reason"], detail: string): EngineFailed =>
  new EngineFailed({ engine: "memory", operation, reason, detail })
