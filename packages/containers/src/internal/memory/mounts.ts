import * as containerPath from "../values/containerPath.js"
import * as FileSystem from "./fileSystem.js"
import * as State from "./state.js"

/** Volume at its path in a container. */
interface Mounted {
  readonly name: string
  readonly target: string
}

/** Mounts of a container, outer ones before inner ones. */
const mountsOf = ({ volumes }: State.Container): ReadonlyArray<Mounted> =>
  [...volumes].sort((a, b) => a.target.length - b.target.length)

const isIn = (path: string, mounts: ReadonlyArray<Mounted>) =>
  mounts.some(({ target }) => containerPath.isWithin(path, target))

/**
 * File system as seen by the processes of a container: its own files, covered by
 * those of its volumes.
 *
 * @internal
 */
export const view = (state: State.State, container: State.Container): FileSystem.FileSystem =>
  mountsOf(container).reduce(
    (files, { name, target }) => {
      const volume = state.volumes.find((volume) => volume.name === name)
      return volume === undefined ? files : FileSystem.mount(files, target, volume.files)
    },
    container.files
  )

/**
 * Stores a changed file system. Each file goes to the container or to the volume
 * that contains its path.
 *
 * @internal
 */
export const put = (
  state: State.State,
  container: State.Container,
  changed: FileSystem.FileSystem
): State.State => {
  const mounts = mountsOf(container)
  const covered = Array.from(container.files).filter(([path]) => isIn(path, mounts))
  const own = Array.from(changed).filter(([path]) => !isIn(path, mounts))
  const filesOf = ({ target }: Mounted, index: number) =>
    FileSystem.below(
      new Map(Array.from(changed).filter(([path]) => !isIn(path, mounts.slice(index + 1)))),
      target
    )
  const versions = mounts.map((mount, index) => ({ name: mount.name, files: filesOf(mount, index) }))
  return {
    ...State.putContainer(state, { ...container, files: new Map([...covered, ...own]) }),
    volumes: state.volumes.map((volume) => ({
      ...volume,
      // A volume that is mounted twice was changed at one of its paths.
      files: versions.find(({ files, name }) => name === volume.name && isChanged(volume.files, files))?.files ??
        volume.files
    }))
  }
}

const isChanged = (before: FileSystem.FileSystem, after: FileSystem.FileSystem) =>
  before.size !== after.size || Array.from(after).some(([path, node]) => before.get(path) !== node)
