import type * as Option from "effect/Option"
import type * as Engine from "../../Engine.js"

/**
 * Endpoint of an engine.
 */
export interface EngineEndpoint {
  /** URL, such as `unix:///var/run/docker.sock`, `tcp://build:2376` or `ssh://me@build`. */
  readonly url: string
  /** Docker context or Podman connection of the endpoint. Docker always has one, by default `default`. */
  readonly context: Option.Option<string>
  /** TLS configuration; `None` for a connection without TLS. */
  readonly tls: Option.Option<Tls>
  /** Configured key file of Podman for an SSH connection. */
  readonly identity: Option.Option<string>
}

/**
 * TLS files of a connection.
 */
export interface Tls {
  /** If true, the server's certificate is not verified. */
  readonly skipVerify: boolean
  readonly ca: Option.Option<string>
  readonly certificate: Option.Option<string>
  readonly key: Option.Option<string>
}

/**
 * Command line flags of Docker's client.
 */
export interface DockerOptions {
  /** `--context`. */
  readonly context?: string | undefined
  /** Values of `--host`. */
  readonly hosts?: ReadonlyArray<string> | undefined
}

/**
 * Command line flags and properties of Podman's client.
 */
export interface PodmanOptions {
  /** `--remote`. */
  readonly remote?: boolean | undefined
  /** `--url`. */
  readonly url?: string | undefined
  /** `--connection`. */
  readonly connection?: string | undefined
  /** True if the client runs without root, which determines the default socket. Default: false. */
  readonly rootless?: boolean | undefined
  /** Version of the client. From 5 on, the precedence of settings differs. Default: an older version. */
  readonly version?: Engine.Version | undefined
}
