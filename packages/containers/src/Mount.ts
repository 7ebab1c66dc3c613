/**
 * Mounts of a container: directories and files of the host, volumes, and memory file systems.
 *
 * A mount is valid for every engine: drivers translate it to the engine's syntax, and constructors reject mounts that
 * an engine cannot express.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ByteSize from "./ByteSize.js"
import { parseMountFlag, parseVolumeFlag } from "./internal/values/mountParser.js"
import {
  absolutePath,
  each,
  excerpt,
  firstOf,
  parseError,
  path,
  present,
  reason,
  refined
} from "./internal/values/text.js"
import * as VolumeInfo from "./VolumeInfo.js"

/**
 * Propagation of mounts below a bind mount between host and container, as in `mount_namespaces(7)`. Engines default to
 * `rprivate`: no propagation.
 *
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 * @since 0.1.0
 * @category schemas
 */
export const Propagation = Schema.Literal("private", "rprivate", "shared", "rshared", "slave", "rslave")

/**
 * Propagation of mounts below a bind mount between host and container.
 *
 * @since 0.1.0
 * @category models
 */
export type Propagation = typeof Propagation.Type

const Target = refined(
  "MountTarget",
  "path in a container",
  firstOf(absolutePath, (text) =>
    text.split("/").every((part) => part === "" || part === "." || part === "..")
      ? "the root of a container is its image"
      : undefined)
)

const Source = refined(
  "MountSource",
  "path on the host",
  firstOf(path, (text) =>
    /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(text)
      ? undefined
      : "it is not absolute, and the base of a relative path depends on the engine's client")
)

const Selinux = Schema.Literal("shared", "private")

const flag = Schema.optionalWith(Schema.Boolean, { default: () => false, exact: true })

const withoutColon = each(
  (char) => char !== ":",
  "since \":\" separates the parts of an engine's only flag for this"
)

/**
 * Directory or file of the host.
 *
 * - `source`: absolute path on the engine's host
 * - `target`: absolute path in the container
 * - `readOnly`: if true, the container cannot write
 * - `propagation`: see {@link Propagation}
 * - `selinux`: relabels the source, `shared` by all containers (`z`) or `private` to this one (`Z`)
 * - `createSource`: Docker creates a missing source as a directory. Podman never does, and fails to create the
 *   container
 *
 * Docker supports `selinux` and `createSource` only in the form `source:target`, so that neither path may contain `:`,
 * and `selinux` implies `createSource`.
 *
 * @since 0.1.0
 * @category models
 */
export class Bind extends Schema.TaggedClass<Bind>("@ociman/containers/Mount/Bind")(
  "Bind",
  Schema.Struct({
    source: Source,
    target: Target,
    readOnly: flag,
    propagation: Schema.optionalWith(Propagation, { exact: true }),
    selinux: Schema.optionalWith(Selinux, { exact: true }),
    createSource: flag
  }).pipe(Schema.filter(({ createSource, selinux, source, target }) => {
    if (selinux === undefined && !createSource) return undefined
    const reason = withoutColon(source.replace(/^[A-Za-z]:/, "")) ?? withoutColon(target)
    return reason === undefined
      ? undefined
      : `Invalid bind mount of ${excerpt(source)} at ${excerpt(target)}: ${reason}`
  }))
) {}

/**
 * Volume.
 *
 * - `source`: name of the volume, which the engine creates if it is missing; without a name, a new anonymous volume,
 *   which is removed with the container
 * - `target`: absolute path in the container
 * - `readOnly`: if true, the container cannot write. Only for a volume with a name
 * - `noCopy`: if true, does not copy the image's files at `target` into an empty volume. Only for a volume with a name,
 *   and a target without `:`
 * - `selinux`: relabels the volume, `shared` by all containers (`z`) or `private` to this one (`Z`). Same restrictions
 *   as `noCopy`
 *
 * @since 0.1.0
 * @category models
 */
export class Volume extends Schema.TaggedClass<Volume>("@ociman/containers/Mount/Volume")(
  "Volume",
  Schema.Struct({
    source: Schema.optionalWith(VolumeInfo.Name, { exact: true }),
    target: Target,
    readOnly: flag,
    noCopy: flag,
    selinux: Schema.optionalWith(Selinux, { exact: true })
  }).pipe(Schema.filter(({ noCopy, readOnly, selinux, source, target }) => {
    if (source === undefined && (noCopy || readOnly || selinux !== undefined)) {
      return `Invalid volume at ${excerpt(target)}: only a volume with a name can be read-only, noCopy or relabelled`
    }
    const reason = noCopy || selinux !== undefined ? withoutColon(target) : undefined
    return reason === undefined ? undefined : `Invalid volume at ${excerpt(target)}: ${reason}`
  }))
) {}

// The engines interpret 0 differently: as no limit, as the default, or not at all.
const Size = ByteSize.ByteSize.pipe(
  Schema.filter((size) => size > 0 ? undefined : "Invalid size of a tmpfs 0: it is not 1 byte or more")
)

const Mode = Schema.Number.pipe(Schema.filter((mode) =>
  Number.isInteger(mode) && mode > 0 && mode <= 0o7777
    ? undefined
    : `Invalid mode 0o${mode.toString(8)}: it is not an integer from 0o1 to 0o7777`
))

/**
 * Memory file system (tmpfs), empty at start, lost when the container stops. Engines mount it `nosuid` and `nodev`.
 *
 * - `target`: absolute path in the container
 * - `readOnly`: if true, the container cannot write
 * - `size`: maximum size in bytes, at least 1; the kernel's default is half of the machine's memory
 * - `mode`: permissions, 1 to 0o7777, by default 0o1777
 * - `exec`: if true, files in it can be executed; not with `:` in the target
 *
 * @since 0.1.0
 * @category models
 */
export class Tmpfs extends Schema.TaggedClass<Tmpfs>("@ociman/containers/Mount/Tmpfs")(
  "Tmpfs",
  Schema.Struct({
    target: Target,
    readOnly: flag,
    size: Schema.optionalWith(Size, { exact: true }),
    mode: Schema.optionalWith(Mode, { exact: true }),
    exec: flag
  }).pipe(Schema.filter(({ exec, target }) => {
    const reason = exec ? withoutColon(target) : undefined
    return reason === undefined ? undefined : `Invalid tmpfs at ${excerpt(target)}: ${reason}`
  }))
) {}

/**
 * Mount of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type Mount = Bind | Volume | Tmpfs

/**
 * Mount of a container.
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
   * Fields of {@link Bind}. Booleans default to false.
   *
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
   * Fields of {@link Volume}. Booleans default to false.
   *
   * @since 0.1.0
   * @category models
   */
  export interface VolumeOptions {
    /** Name, or handle of `Volume.make`. */
    readonly source?: string | { readonly name: VolumeInfo.Name } | undefined
    readonly target: string
    readonly readOnly?: boolean | undefined
    readonly noCopy?: boolean | undefined
    readonly selinux?: "shared" | "private" | undefined
  }

  /**
   * Fields of {@link Tmpfs}. Booleans default to false.
   *
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
 * Mounts a directory or file of the host. Throws if the options are not valid for {@link Bind}.
 *
 * @example
 * ```ts
 * import { Mount } from "@ociman/containers"
 * import { Either } from "effect"
 *
 * const mount = Mount.bind({ source: "/srv/a,b", target: "/data", readOnly: true })
 *
 * assert.deepStrictEqual(
 *   Mount.parse('type=bind,"source=/srv/a,b",target=/data,ro'),
 *   Either.right(mount)
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const bind = (options: Mount.BindOptions): Bind => Schema.decodeSync(Bind)({ _tag: "Bind", ...present(options) })

/**
 * Mounts a volume. Throws if the options are not valid for {@link Volume}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const volume = (options: Mount.VolumeOptions): Volume =>
  Schema.decodeSync(Volume)({
    _tag: "Volume",
    ...present({ ...options, source: typeof options.source === "object" ? options.source.name : options.source })
  })

/**
 * Mounts a memory file system. Throws if the options are not valid for {@link Tmpfs}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tmpfs = (options: Mount.TmpfsOptions): Tmpfs =>
  Schema.decodeSync(Tmpfs)({
    _tag: "Tmpfs",
    ...present({ ...options, size: options.size === undefined ? undefined : ByteSize.toBytes(options.size) })
  })

const decode = (text: string, parsed: Either.Either<object, string>): Either.Either<Mount, ParseResult.ParseError> =>
  parsed.pipe(
    Either.flatMap((fields) => Either.mapLeft(Schema.decodeUnknownEither(Mount)(fields), reason)),
    Either.mapLeft((why) => parseError("mount", text, why))
  )

/**
 * Parses the value of Docker's `--mount`: comma-separated `key=value`, quoted as in CSV, with the keys `type` (default
 * `volume`), `source`, `target`, `readonly`, `bind-propagation`, `volume-nocopy`, `tmpfs-size`, `tmpfs-mode`, and
 * Podman's `relabel`. `consistency`, which has no effect on Linux, is ignored; other keys are errors.
 *
 * @see https://github.com/docker/cli/blob/v28.2.2/opts/mount.go
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string): Either.Either<Mount, ParseResult.ParseError> => decode(text, parseMountFlag(text))

/**
 * Parses the value of Docker's `--volume`: `[source:]target[:options]`, with the options `ro`, `rw`, `z`, `Z`, `nocopy`
 * and the propagations. A source that begins like a path is a path of the host, created if it is missing; other sources
 * are names of volumes. `cached`, `delegated` and `consistent`, which have no effect on Linux, are ignored.
 *
 * @see https://github.com/moby/moby/blob/v28.2.2/volume/mounts/linux_parser.go
 * @since 0.1.0
 * @category parsing
 */
export const parseShort = (text: string): Either.Either<Mount, ParseResult.ParseError> =>
  decode(text, parseVolumeFlag(text))
