/**
 * Mounts of a container: directories and files of the host, volumes, and memory.
 *
 * A mount is valid for every engine: drivers translate it to the engine's own syntax, and the constructors refuse what
 * one of the engines cannot express.
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
 * How mounts made later below a bind mount travel between host and container, as in `mount_namespaces(7)`. Engines
 * default to `rprivate`: they don't.
 *
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 * @since 0.1.0
 * @category schemas
 */
export const Propagation = Schema.Literal("private", "rprivate", "shared", "rshared", "slave", "rslave")

/**
 * How mounts made later below a bind mount travel between host and container.
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
      : "it is not absolute, and what it is relative to depends on the engine's client")
)

const Selinux = Schema.Literal("shared", "private")

const flag = Schema.optionalWith(Schema.Boolean, { default: () => false, exact: true })

const withoutColon = each(
  (char) => char !== ":",
  "because an engine has only a flag for this whose parts \":\" separates"
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
 * A volume.
 *
 * - `source`: the name of the volume, made by the engine if it isn't there; without a name it is a new one, which goes
 *   with the container
 * - `target`: an absolute path of the container
 * - `readOnly`: whether the container may only read. Only for a volume with a name
 * - `noCopy`: an empty volume stays empty, where else it gets what the image has at `target`. Only for a volume with a
 *   name, and a target without `:`
 * - `selinux`: relabels the volume, `shared` for all containers (`z`) or `private` for this one (`Z`). As for `noCopy`
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

// Of 0 the engines make different things: no limit, the default, or nothing at all.
const Size = ByteSize.ByteSize.pipe(
  Schema.filter((size) => size > 0 ? undefined : "Invalid size of a tmpfs 0: it is not 1 byte or more")
)

const Mode = Schema.Number.pipe(Schema.filter((mode) =>
  Number.isInteger(mode) && mode > 0 && mode <= 0o7777
    ? undefined
    : `Invalid mode 0o${mode.toString(8)}: it is not an integer from 0o1 to 0o7777`
))

/**
 * Memory, gone when the container stops. Engines mount it `nosuid` and `nodev`, and it begins empty.
 *
 * - `target`: an absolute path of the container
 * - `readOnly`: whether the container may only read
 * - `size`: bytes, 1 or more; without it the kernel allows half of the machine's memory
 * - `mode`: permissions, 1 to 0o7777; without it 0o1777
 * - `exec`: whether programs in it can be run; not with `:` in the target
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
   * The fields of {@link Bind}. What is true or false is false if left out.
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
   * The fields of {@link Volume}. What is true or false is false if left out.
   *
   * @since 0.1.0
   * @category models
   */
  export interface VolumeOptions {
    /** A name, or what `Volume.make` gives. */
    readonly source?: string | { readonly name: VolumeInfo.Name } | undefined
    readonly target: string
    readonly readOnly?: boolean | undefined
    readonly noCopy?: boolean | undefined
    readonly selinux?: "shared" | "private" | undefined
  }

  /**
   * The fields of {@link Tmpfs}. What is true or false is false if left out.
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
 * A directory or file of the host. Throws where the options break a rule of {@link Bind}.
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
 * A volume. Throws where the options break a rule of {@link Volume}.
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

const decode = (text: string, parsed: Either.Either<object, string>): Either.Either<Mount, ParseResult.ParseError> =>
  parsed.pipe(
    Either.flatMap((fields) => Either.mapLeft(Schema.decodeUnknownEither(Mount)(fields), reason)),
    Either.mapLeft((why) => parseError("mount", text, why))
  )

/**
 * Reads the value of Docker's `--mount`: comma-separated `key=value`, quoted as in CSV, of `type` (`volume` if it is
 * left out), `source`, `target`, `readonly`, `bind-propagation`, `volume-nocopy`, `tmpfs-size`, `tmpfs-mode`, and
 * Podman's `relabel`. `consistency` means nothing on Linux and is dropped; other keys are errors.
 *
 * @see https://github.com/docker/cli/blob/v28.2.2/opts/mount.go
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string): Either.Either<Mount, ParseResult.ParseError> => decode(text, parseMountFlag(text))

/**
 * Reads the value of Docker's `--volume`: `[source:]target[:options]`, of the options `ro`, `rw`, `z`, `Z`, `nocopy` and
 * the propagations. A source that begins like a path is one of the host, made if it isn't there, and others are names of
 * volumes. `cached`, `delegated` and `consistent` mean nothing on Linux and are dropped.
 *
 * @see https://github.com/moby/moby/blob/v28.2.2/volume/mounts/linux_parser.go
 * @since 0.1.0
 * @category parsing
 */
export const parseShort = (text: string): Either.Either<Mount, ParseResult.ParseError> =>
  decode(text, parseVolumeFlag(text))
