import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Containers, Volumes } from "../../BackendDriver.js"
import { ResourceInUse, VolumeNotFound } from "../../BackendError.js"
import type { Definition } from "../../Definition.js"
import { decode as decodeVolumeInfo } from "../dialect/volumeInfo.js"
import { type Context, update } from "./context.js"
import * as FileSystem from "./fileSystem.js"
import * as State from "./state.js"

/** @internal */
export const volumes = (context: Context, removeContainer: Containers["remove"]): Volumes => {
  const remove = (name: string) =>
    update(context, (state) =>
      Effect.flatMap(find(state, name), () => {
        const users = usersOf(state, name)
        return users.length > 0
          ? new ResourceInUse({
            kind: "volume",
            resource: name,
            detail: `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(", ")}]`
          })
          : Effect.succeed({ ...state, volumes: state.volumes.filter((volume) => volume.name !== name) })
      }))

  return {
    create: ({ driver, driverOptions, labels, name }) =>
      update(context, (state) =>
        // Like Docker, keeps a volume that exists.
        state.volumes.some((volume) => volume.name === name)
          ? Effect.succeed(state)
          : Effect.map(Clock.currentTimeMillis, (created) =>
            State.addVolumes(state, [{
              name,
              driver: Option.getOrElse(driver, () => "local"),
              driverOptions,
              labels: State.toRecord(labels),
              created,
              files: FileSystem.emptyVolume
            }]))),

    inspect: (name) => Effect.flatMap(context.state.get, (state) => Effect.flatMap(find(state, name), volumeInfo)),

    list: (filters) =>
      Effect.flatMap(
        context.state.get,
        (state) => Effect.forEach(state.volumes.filter(({ labels }) => State.matches(labels, filters)), volumeInfo)
      ),

    remove: (name, { force }) =>
      force
        ? context.state.get.pipe(
          Effect.flatMap((state) =>
            Effect.forEach(usersOf(state, name), ({ id }) => removeContainer(id, State.removeByForce), {
              discard: true
            })
          ),
          Effect.catchTag("ContainerNotFound", () => Effect.void),
          Effect.zipRight(remove(name))
        )
        : remove(name)
  }
}

const find = (state: State.State, name: string): Effect.Effect<State.Volume, VolumeNotFound> => {
  const volume = state.volumes.find((volume) => volume.name === name)
  return volume === undefined ? new VolumeNotFound({ volume: name }) : Effect.succeed(volume)
}

const usersOf = (state: State.State, name: string) =>
  state.containers.filter((container) => container.volumes.some((volume) => volume.name === name))

const volumeInfo = ({ created, driver, driverOptions, labels, name }: State.Volume) =>
  Effect.orDie(decodeVolumeInfo({
    CreatedAt: DateTime.formatIso(DateTime.unsafeMake(created)),
    Driver: driver,
    Labels: labels,
    Mountpoint: `/var/lib/memory/volumes/${name}/_data`,
    Name: name,
    Options: driverOptions,
    Scope: "local"
  }))

/**
 * Volumes of a new container. Assigns names to anonymous ones.
 *
 * @internal
 */
export const volumesOf = ({ mounts }: Definition): Effect.Effect<State.Container["volumes"]> =>
  Effect.forEach(
    mounts.filter((mount) => mount._tag === "Volume"),
    ({ source, target }): Effect.Effect<State.Container["volumes"][number]> =>
      source === undefined
        ? Effect.map(State.makeId, (name) => ({ name, target, anonymous: true }))
        : Effect.succeed({ name: source, target, anonymous: false })
  )

/**
 * Creates the missing volumes of a container, and fills empty volumes with the image's files at their paths.
 *
 * @internal
 */
export const createMissing = (state: State.State, container: State.Container): State.State => {
  const { created, definition, files, volumes } = container
  const all = State.addVolumes(
    state,
    volumes
      .filter(({ name }, index) =>
        !state.volumes.some((volume) => volume.name === name) &&
        volumes.findIndex((other) => other.name === name) === index
      )
      .map(({ name }) => ({
        name,
        driver: "local",
        driverOptions: {},
        labels: {},
        created,
        files: FileSystem.emptyVolume
      }))
  )
  const staysEmpty = (target: string) =>
    definition.mounts.some((mount) => mount._tag === "Volume" && mount.target === target && mount.noCopy)
  return {
    ...all,
    volumes: all.volumes.map((volume) => {
      const mounted = volumes.find(({ name, target }) => name === volume.name && !staysEmpty(target))
      return mounted !== undefined && volume.files.size === 1
        ? { ...volume, files: FileSystem.below(files, mounted.target) }
        : volume
    })
  }
}
