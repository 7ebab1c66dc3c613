import type * as Option from "effect/Option"
import type * as Engine from "../../Engine.js"

/**
 * Where an engine is reached.
 */
export interface EngineEndpoint {
  /** A URL, such as `unix:///var/run/docker.sock`, `tcp://build:2376` or `ssh://me@build`. */
  readonly url: string
  /** The Docker context or the Podman connection that says so. Docker always has one, if only `default`. */
  readonly context: Option.Option<string>
  /** The files for TLS; `None` for a connection without. */
  readonly tls: Option.Option<Tls>
  /** The key for a connection over SSH that Podman is told to use. */
  readonly identity: Option.Option<string>
}

/**
 * The files with which a connection is encrypted.
 */
export interface Tls {
  /** Whether the server's certificate is believed without a check. */
  readonly skipVerify: boolean
  readonly ca: Option.Option<string>
  readonly certificate: Option.Option<string>
  readonly key: Option.Option<string>
}

/**
 * What Docker's client is told by flags.
 */
export interface DockerOptions {
  /** `--context`. */
  readonly context?: string | undefined
  /** `--host`, as often as it is given. */
  readonly hosts?: ReadonlyArray<string> | undefined
}

/**
 * What Podman's client is told by flags.
 */
export interface PodmanOptions {
  /** `--remote`. */
  readonly remote?: boolean | undefined
  /** `--url`. */
  readonly url?: string | undefined
  /** `--connection`. */
  readonly connection?: string | undefined
  /** Whether it is not root who runs it, which decides the default socket. Default: false. */
  readonly rootless?: boolean | undefined
  /** The client's version; from 5 on the order is another. Default: an older one. */
  readonly version?: Engine.Version | undefined
}
