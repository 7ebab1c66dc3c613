/**
 * What is known of a container engine: its kind, its versions, where it is.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Order from "effect/Order"

/**
 * The engines this library knows how to speak to.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = "docker" | "podman"

/**
 * The version of an engine's API, or the newest one that a client knows.
 *
 * @since 0.1.0
 * @category models
 */
export class Version extends Data.Class<{
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** The text as printed, such as `1.41` or `4.3.1`. */
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
 * A container engine that answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Engine {
  /** The engine that does the work: `podman` also when a `docker` command stands in front of it. */
  readonly name: Name | "memory"
  /** The command line that is spoken, which decides the flags. */
  readonly client: Name
  /** The executable that is run. */
  readonly executable: string
  /** The version that the engine prints, the daemon's where there is one. For people: it may be `dev` or a commit. */
  readonly version: string
  /** The version that the command line client prints, for people. */
  readonly clientVersion: string
  /** The newest API version of the engine: Docker's, such as `1.41`, or that of libpod, which is Podman's version. */
  readonly apiVersion: Version
  /** The newest API version that the client knows, which tells its flags. */
  readonly clientApiVersion: Version
  /** Whether the engine runs without root, so that root in a container is an ordinary user outside. */
  readonly rootless: boolean
  /** The URL at which it is reached, see `EngineEndpoint`; `None` for an engine that is no service. */
  readonly endpoint: Option.Option<string>
  /** The Docker context or the Podman connection that it was found by, and is used by from then on. */
  readonly context: Option.Option<string>
  /** The host a remote engine runs on; `None` for an engine on this machine. */
  readonly remoteHost: Option.Option<string>
}

/**
 * Reads the first version number in a text, as engines print them: `1.41`,
 * `18.09.1`, `29.0.0-rc.1`, `Docker version 28.2.2, build e6534b4`. They are not
 * those of SemVer, which allows no leading zeros and no missing parts. A number
 * without a dot is none, since it may belong to a commit.
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
 * Whether a version is the given one or a later one. A release candidate
 * counts as its release, since it has that release's flags.
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
 * The host at which a port published on all addresses of the engine's machine
 * is reached.
 *
 * @since 0.1.0
 * @category getters
 */
export const reachableHost = (self: Engine): string => Option.getOrElse(self.remoteHost, () => "127.0.0.1")
