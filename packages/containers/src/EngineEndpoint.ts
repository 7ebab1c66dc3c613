/**
 * Endpoint of an engine, by the rules of its client: environment variables, configuration files, Docker's contexts and
 * Podman's connections. The client is not run, and no connection is made.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as BackendError from "./BackendError.js"
import * as dockerEndpoint from "./internal/discovery/docker.js"
import type * as model from "./internal/discovery/endpoint.js"
import * as hosts from "./internal/discovery/hosts.js"
import * as podmanEndpoint from "./internal/discovery/podman.js"
import { each, firstOf, isAlphanumeric, nonEmpty, refined } from "./internal/values/text.js"

/**
 * Endpoint of an engine.
 *
 * @since 0.1.0
 * @category models
 */
export type EngineEndpoint = model.EngineEndpoint

/**
 * Files for the TLS of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Tls = model.Tls

/**
 * Name of a Docker context that can be created: at least two letters, digits, `_`, `.`, `+` or `-`, the first one a
 * letter or a digit, and not `default`.
 *
 * Follows https://github.com/docker/cli/blob/v28.2.2/cli/context/store/store.go
 *
 * @since 0.1.0
 * @category schemas
 */
export const ContextName = refined(
  "ContextName",
  "context name",
  firstOf(
    nonEmpty,
    (text) => text === "default" ? "it is reserved" : undefined,
    each(
      (char, position) => isAlphanumeric(char) || (position > 0 && /^[_.+-]$/.test(char)),
      "a name begins with a letter or a digit of ASCII, and \"_\", \".\", \"+\" and \"-\" may follow too"
    ),
    (text) => text.length < 2 ? "it has less than two characters" : undefined
  )
).pipe(Schema.brand("@ociman/containers/EngineEndpoint/ContextName"))

/**
 * @since 0.1.0
 * @category models
 */
export type ContextName = typeof ContextName.Type

/**
 * Flags of Docker's client that select an endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export type DockerOptions = model.DockerOptions

/**
 * Returns the endpoint of Docker's client: by `context` or `hosts`; else by `DOCKER_HOST`, `DOCKER_CONTEXT` or the
 * `currentContext` of `config.json` in `DOCKER_CONFIG` (by default `~/.docker`), the first of them that is not empty;
 * else the local socket. `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` apply if no context is named.
 *
 * Follows https://github.com/docker/cli/blob/v28.2.2/cli/command/cli.go
 *
 * @since 0.1.0
 * @category constructors
 */
export const docker: (
  options?: DockerOptions
) => Effect.Effect<EngineEndpoint, BackendError.EndpointError, FileSystem.FileSystem> = dockerEndpoint.resolve

/**
 * Flags of Podman's client that select an endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export type PodmanOptions = model.PodmanOptions

/**
 * Returns the endpoint of Podman's client; `None` for an engine on this machine without a service. In this order:
 * `url`; up to version 4 `CONTAINER_HOST`; `connection`; `CONTAINER_CONNECTION`; from version 5 on `CONTAINER_HOST`,
 * then the default of `podman-connections.json`; the `active_service` of `containers.conf`; the local socket.
 *
 * Follows https://github.com/containers/podman/blob/v4.3.1/cmd/podman/registry/remote.go
 *
 * @since 0.1.0
 * @category constructors
 */
export const podman: (
  options?: PodmanOptions
) => Effect.Effect<Option.Option<EngineEndpoint>, BackendError.EndpointError, FileSystem.FileSystem> =
  podmanEndpoint.resolve

/**
 * Returns the host of a remote engine; `None` for an engine on this machine, as with a socket or a pipe.
 *
 * @example
 * ```ts
 * import { EngineEndpoint } from "@ociman/containers"
 * import { Option } from "effect"
 *
 * assert.strictEqual(Option.getOrThrow(EngineEndpoint.remoteHost("ssh://me@build.example.com")), "build.example.com")
 * assert.strictEqual(EngineEndpoint.remoteHost("unix:///var/run/docker.sock")._tag, "None")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const remoteHost: (url: string) => Option.Option<string> = hosts.remoteHost
