/**
 * What is mounted in a container: directories and files of the host, volumes, and memory.
 *
 * A mount is right for every engine, or it cannot be made: where Docker and Podman say the same thing in other ways,
 * {@link format} finds the way, and where one of them has no way at all, the constructors refuse.
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import * as ByteSize from "./ByteSize.js"
import { formatCsv } from "./internal/csv.js"
import { absolutePath, each, excerpt, firstOf, name, path, present, refined } from "./internal/text.js"

/**
 * How mounts made later below a bind mount travel between host and container, as in `mount_namespaces(7)`. Engines
 * default to `rprivate`: they don't.
 *
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 * @since 0.1.0
 * @category schemas
 */
export const Propagation = Schema.Literal("private", "rprivate", "shared", "rshared", "slave", "rslave")

/**
 * @since 0.1.0
 * @category models
 */
export type Propagation = typeof Propagation.Type

const Target = refined("MountTarget", "path in a container", absolutePath)

const Source = refined(
  "MountSource",
  "path on the host",
  firstOf(path, (text) =>
    /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(text)
      ? undefined
      : "it is not absolute, and what it is relative to depends on the engine's client")
)

const VolumeName = refined("VolumeName", "volume name", name(255))

const flag = (value: boolean) => Schema.Boolean.pipe(Schema.optionalWith({ default: () => value, exact: true }))

const withoutColon = each(
  (char) => char !== ":",
  "an engine has only a flag for this in which \":\" separates the parts"
)

/**
 * A directory or file of the host.
 *
 * - `source`: an absolute path of the host that the engine runs on
 * - `target`: an absolute path of the container
 * - `readOnly`: whether the container may only read
 * - `propagation`: see {@link Propagation}
 * - `selinux`: relabels the source, `shared` for all containers (`z`) or `private` for this one (`Z`)
 * - `createSource`: Docker makes a directory where there is no source. Podman never does, and refuses to create the
 *   container
 *
 * Docker knows `selinux` and `createSource` only in the form `source:target`, and so neither path has a `:` then; and
 * there the first implies the second.
 *
 * @since 0.1.0
 * @category models
 */
export class Bind extends Schema.TaggedClass<Bind>("@ociman/containers/Mount/Bind")(
  "Bind",
  Schema.Struct({
    source: Source,
    target: Target,
    readOnly: flag(false),
    propagation: Schema.optionalWith(Propagation, { exact: true }),
    selinux: Schema.optionalWith(Schema.Literal("shared", "private"), { exact: true }),
    createSource: flag(false)
  }).pipe(Schema.filter(({ createSource, selinux, source, target }) => {
    if (selinux === undefined && !createSource) return undefined
    const reason = withoutColon(source.replace(/^[A-Za-z]:/, "")) ?? withoutColon(target)
    return reason === undefined
      ? undefined
      : `Invalid bind mount of ${excerpt(source)} at ${excerpt(target)}: ${reason}`
  }))
) {}

/**
 * A volume.
 *
 * - `source`: the name of the volume, made by the engine if it isn't there; without a name it is a new one, which goes
 *   with the container
 * - `target`: an absolute path of the container
 * - `readOnly`: whether the container may only read. Only for a volume with a name
 * - `noCopy`: an empty volume stays empty, where else it gets what the image has at `target`. Only for a volume with a
 *   name, and a target without `:`
 *
 * @since 0.1.0
 * @category models
 */
export class Volume extends Schema.TaggedClass<Volume>("@ociman/containers/Mount/Volume")(
  "Volume",
  Schema.Struct({
    source: Schema.optionalWith(VolumeName, { exact: true }),
    target: Target,
    readOnly: flag(false),
    noCopy: flag(false)
  }).pipe(Schema.filter(({ noCopy, readOnly, source, target }) => {
    if (source === undefined && (noCopy || readOnly)) {
      return `Invalid volume at ${excerpt(target)}: without a name it is neither read-only nor without a copy`
    }
    const reason = noCopy ? withoutColon(target) : undefined
    return reason === undefined ? undefined : `Invalid volume at ${excerpt(target)}: ${reason}`
  }))
) {}

/**
 * Memory, gone when the container stops. Engines mount it `nosuid` and `nodev`, and it begins empty.
 *
 * - `target`: an absolute path of the container
 * - `readOnly`: whether the container may only read
 * - `size`: bytes; without it the kernel allows half of the machine's memory
 * - `mode`: permissions, such as `0o1777`, which is the default
 * - `exec`: whether programs in it can be run; not with `:` in the target
 *
 * @since 0.1.0
 * @category models
 */
export class Tmpfs extends Schema.TaggedClass<Tmpfs>("@ociman/containers/Mount/Tmpfs")(
  "Tmpfs",
  Schema.Struct({
    target: Target,
    readOnly: flag(false),
    size: Schema.optionalWith(ByteSize.ByteSize, { exact: true }),
    mode: Schema.optionalWith(
      Schema.Number.pipe(Schema.filter((mode) =>
        Number.isInteger(mode) && mode >= 0 && mode <= 0o7777
          ? undefined
          : `Invalid mode ${mode}: it is not an integer from 0 to 0o7777`
      )),
      { exact: true }
    ),
    exec: flag(false)
  }).pipe(Schema.filter(({ exec, target }) => {
    const reason = exec ? withoutColon(target) : undefined
    return reason === undefined ? undefined : `Invalid tmpfs at ${excerpt(target)}: ${reason}`
  }))
) {}

/**
 * What is mounted in a container.
 *
 * @since 0.1.0
 * @category models
 */
export type Mount = Bind | Volume | Tmpfs

/**
 * What is mounted in a container.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Mount: Schema.Union<[typeof Bind, typeof Volume, typeof Tmpfs]> = Schema.Union(Bind, Volume, Tmpfs)

/**
 * @since 0.1.0
 */
export declare namespace Mount {
  /**
   * @since 0.1.0
   * @category models
   */
  export interface BindOptions {
    readonly source: string
    readonly target: string
    readonly readOnly?: boolean | undefined
    readonly propagation?: Propagation | undefined
    readonly selinux?: "shared" | "private" | undefined
    readonly createSource?: boolean | undefined
  }

  /**
   * @since 0.1.0
   * @category models
   */
  export interface VolumeOptions {
    readonly source?: string | undefined
    readonly target: string
    readonly readOnly?: boolean | undefined
    readonly noCopy?: boolean | undefined
  }

  /**
   * @since 0.1.0
   * @category models
   */
  export interface TmpfsOptions {
    readonly target: string
    readonly readOnly?: boolean | undefined
    readonly size?: ByteSize.Input | undefined
    readonly mode?: number | undefined
    readonly exec?: boolean | undefined
  }
}

/**
 * A directory or file of the host. Throws where the options break a rule of {@link Bind}.
 *
 * @example
 * ```ts
 * import { Mount } from "@ociman/containers"
 *
 * const mount = Mount.bind({ source: "/srv/a,b", target: "/data", readOnly: true })
 *
 * assert.deepStrictEqual(Mount.format(mount, "docker"), [
 *   "--mount",
 *   `type=bind,"source=/srv/a,b",target=/data,ro`
 * ])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const bind = (options: Mount.BindOptions): Bind => Schema.decodeSync(Bind)({ _tag: "Bind", ...present(options) })

/**
 * A volume. Throws where the options break a rule of {@link Volume}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const volume = (options: Mount.VolumeOptions): Volume =>
  Schema.decodeSync(Volume)({ _tag: "Volume", ...present(options) })

/**
 * Memory. Throws where the options break a rule of {@link Tmpfs}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tmpfs = (options: Mount.TmpfsOptions): Tmpfs =>
  Schema.decodeSync(Tmpfs)({
    _tag: "Tmpfs",
    ...present({ ...options, size: options.size === undefined ? undefined : ByteSize.toBytes(options.size) })
  })

/**
 * A flag of `docker create` and `podman create`, and its value.
 *
 * @since 0.1.0
 * @category models
 */
export type Flag = readonly [flag: "--mount" | "--volume" | "--tmpfs", value: string]

type Engine = "docker" | "podman"

const option = (condition: boolean, text: string): ReadonlyArray<string> => condition ? [text] : []

const keyValue = (key: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`${key}=${value}`]

// `ro` and not `readonly`: Podman 4 has only the first for volumes and memory.
const mountFlag = (type: string, mount: Mount, ...options: ReadonlyArray<string>): Flag => [
  "--mount",
  formatCsv([
    `type=${type}`,
    ...mount._tag === "Tmpfs" ? [] : keyValue("source", mount.source),
    `target=${mount.target}`,
    ...option(mount.readOnly, "ro"),
    ...options
  ])
]

const short = (parts: ReadonlyArray<string>, options: ReadonlyArray<string>): string =>
  [...parts, ...option(options.length > 0, options.join(","))].join(":")

const formatBind = (self: Bind, engine: Engine): Flag => {
  if (engine === "docker" && (self.selinux !== undefined || self.createSource)) {
    return [
      "--volume",
      short([self.source, self.target], [
        ...option(self.readOnly, "ro"),
        ...option(self.selinux !== undefined, self.selinux === "shared" ? "z" : "Z"),
        ...self.propagation === undefined ? [] : [self.propagation]
      ])
    ]
  }
  return mountFlag(
    "bind",
    self,
    ...keyValue("bind-propagation", self.propagation),
    ...keyValue("relabel", self.selinux)
  )
}

const formatVolume = (self: Volume, engine: Engine): Flag => {
  if (engine === "podman" && self.noCopy && self.source !== undefined) {
    return ["--volume", short([self.source, self.target], ["nocopy", ...option(self.readOnly, "ro")])]
  }
  return mountFlag("volume", self, ...option(self.noCopy, "volume-nocopy"))
}

const formatTmpfs = (self: Tmpfs, engine: Engine): Flag => {
  const size = self.size?.toString()
  const mode = self.mode?.toString(8)
  if (engine === "docker" && self.exec) {
    return [
      "--tmpfs",
      short([self.target], [
        "exec",
        ...option(self.readOnly, "ro"),
        ...keyValue("size", size),
        ...keyValue("mode", mode)
      ])
    ]
  }
  return mountFlag(
    "tmpfs",
    self,
    ...keyValue("tmpfs-size", size),
    ...keyValue("tmpfs-mode", mode),
    // What Docker does by itself.
    ...option(engine === "podman", "notmpcopyup"),
    ...option(engine === "podman" && !self.exec, "noexec")
  )
}

/**
 * The flag for an engine, and its value.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format: {
  (engine: "docker" | "podman"): (self: Mount) => Flag
  (self: Mount, engine: "docker" | "podman"): Flag
} = dual(2, (self: Mount, engine: Engine): Flag => {
  switch (self._tag) {
    case "Bind":
      return formatBind(self, engine)
    case "Volume":
      return formatVolume(self, engine)
    case "Tmpfs":
      return formatTmpfs(self, engine)
  }
})
