/**
 * Identity of a container engine: kind, versions, endpoint.
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
 * Identity of a container engine that answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Engine {
  /** Kind of the engine: `podman` also if the client is a `docker` command of Podman. */
  readonly name: Name | "memory"
  /** Syntax of the command line. */
  readonly client: Name
  /** Executable of the client. */
  readonly executable: string
  /**
   * Version as printed by the engine, that of the daemon if there is one. For display only: it may be `dev` or a
   * commit.
   */
  readonly version: string
  /** Version as printed by the client. For display only. */
  readonly clientVersion: string
  /** Newest API version of the engine: Docker's, such as `1.41`, or that of libpod, which is Podman's version. */
  readonly apiVersion: Version
  /** Newest API version of the client, which determines the flags that it supports. */
  readonly clientApiVersion: Version
  /** If true, the engine runs without root privileges: root in a container is an ordinary user of the host. */
  readonly rootless: boolean
  /** URL of the engine, see `EngineEndpoint`; `None` for an engine without a service. */
  readonly endpoint: Option.Option<string>
  /** Docker context or Podman connection that the driver uses for all operations. */
  readonly context: Option.Option<string>
  /** Host of a remote engine; `None` for an engine on this machine. */
  readonly remoteHost: Option.Option<string>
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
