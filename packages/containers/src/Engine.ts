/**
 * Identity and capabilities of container engines.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Order from "effect/Order"

/**
 * Supported container engines.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = "docker" | "podman"

/**
 * API version of an engine, or the newest one that a client supports.
 *
 * @since 0.1.0
 * @category models
 */
export class Version extends Data.Class<{
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Version as printed, such as `1.41` or `4.3.1`. */
  readonly text: string
}> {
  /**
   * @since 0.1.0
   */
  override toString() {
    return this.text
  }
}

/**
 * Identity of a container engine: kind, versions, endpoint, and the transport
 * by which it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Engine<out T extends Transport = Transport> {
  /** The engine that does the work: `podman` also if a `docker` command stands in front of it. */
  readonly name: Name | "memory"
  readonly transport: T
  /** Version that the engine prints, the daemon's if there is one. For people: it may be `dev` or a commit. */
  readonly version: string
  /** Newest API version of the engine: Docker's, such as `1.41`, or that of libpod, which is Podman's version. */
  readonly apiVersion: Version
  /** Reports whether the engine runs without root, so that root in a container is an ordinary user outside. */
  readonly rootless: boolean
  readonly capabilities: Capabilities
  /** URL of the engine, see `EngineEndpoint`; `None` for an engine that is no service. */
  readonly endpoint: Option.Option<string>
  /** Docker context or Podman connection that the engine was found by, and is used by from then on. */
  readonly context: Option.Option<string>
  /** Host that a remote engine runs on; `None` for an engine on this machine. */
  readonly remoteHost: Option.Option<string>
}

/**
 * Transport by which an engine is reached.
 *
 * @since 0.1.0
 * @category models
 */
export type Transport = Cli | Memory

/**
 * Command line client of an engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cli {
  readonly _tag: "Cli"
  /** Command line that the client understands, which decides its flags. */
  readonly client: Name
  /** Name on `PATH`, or path, of the client. */
  readonly executable: string
  /** Version that the client prints, for people. */
  readonly version: string
  /** Newest API version that the client knows, which decides its flags. */
  readonly apiVersion: Version
}

/**
 * Engine in the memory of this process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Memory {
  readonly _tag: "Memory"
}

/**
 * Abilities that not every backend has. Without one, operations and definitions
 * that need it fail with `Unsupported`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  /** Make images of containers. */
  readonly commit: boolean
  /** Build images. */
  readonly build: boolean
  /** Load, save and import archives of images. */
  readonly archives: boolean
  /** Push images to registries. */
  readonly push: boolean
  /** Add references to images, and remove them. */
  readonly tag: boolean
  readonly pause: boolean
  readonly rename: boolean
  readonly restart: boolean
  /** Networks that isolate their containers. */
  readonly networks: boolean
  /** Volumes that outlive their containers. */
  readonly volumes: boolean
  /** Mounts of files and directories of the engine's host. */
  readonly hostFiles: boolean
  /** Devices, privileged containers, capabilities of Linux, security options and resource limits of processes. */
  readonly hostSecurity: boolean
  /** Samples of resource usage. */
  readonly stats: boolean
}

/**
 * Name of a capability.
 *
 * @since 0.1.0
 * @category models
 */
export type Capability = keyof Capabilities

/**
 * Capabilities of an engine that lacks none, as Docker and Podman.
 *
 * @since 0.1.0
 * @category constants
 */
export const allCapabilities: Capabilities = {
  commit: true,
  build: true,
  archives: true,
  push: true,
  tag: true,
  pause: true,
  rename: true,
  restart: true,
  networks: true,
  volumes: true,
  hostFiles: true,
  hostSecurity: true,
  stats: true
}

/**
 * Parses the first version number in a text, as printed by engines: `1.41`, `18.09.1`, `29.0.0-rc.1`, `Docker version
 * 28.2.2, build e6534b4`. These are not versions of SemVer, which allows no leading zeros and no missing parts. A
 * number without a dot is ignored, since it may be part of a commit.
 *
 * @example
 * ```ts
 * import { Engine } from "@ociman/containers"
 * import { Option } from "effect"
 *
 * const version = Option.getOrThrow(Engine.parseVersion("18.09.1"))
 * assert.deepStrictEqual([version.major, version.minor, version.patch], [18, 9, 1])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parseVersion = (text: string): Option.Option<Version> =>
  Option.map(
    Option.fromNullable(/(?<!\d)(\d{1,10})\.(\d{1,10})(?:\.(\d{1,10}))?[^\s,]*/.exec(text)),
    ([text, major, minor, patch = 0]) =>
      new Version({ major: Number(major), minor: Number(minor), patch: Number(patch), text })
  )

/**
 * Reports whether a version is the given one or a later one. A release candidate counts as its release, since it has
 * the same flags.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAtLeast: {
  (major: number, minor?: number): (self: Version) => boolean
  (self: Version, major: number, minor?: number): boolean
} = dual(
  (args) => typeof args[0] !== "number",
  (self: Version, major: number, minor = 0): boolean =>
    self.major > major || (self.major === major && self.minor >= minor)
)

/**
 * Orders versions by major, minor and patch.
 *
 * @since 0.1.0
 * @category instances
 */
export const OrderVersion: Order.Order<Version> = Order.mapInput(
  Order.array(Order.number),
  (version: Version) => [version.major, version.minor, version.patch]
)

/**
 * Returns the host at which a port that is published on all addresses of the engine's machine is reachable.
 *
 * @since 0.1.0
 * @category getters
 */
export const reachableHost = (self: Engine): string => Option.getOrElse(self.remoteHost, () => "127.0.0.1")

/**
 * Returns the command line client by which the engine is reached; `None` if it
 * is reached otherwise.
 *
 * @since 0.1.0
 * @category getters
 */
export const client = (self: Engine): Option.Option<Cli> =>
  self.transport._tag === "Cli" ? Option.some(self.transport) : Option.none()
