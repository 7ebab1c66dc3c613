/**
 * Resolution of host names inside of containers, and of the address at which containers reach the engine's machine.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Backend from "./Backend.js"
import * as BackendError from "./BackendError.js"
import type * as Container from "./Container.js"
import * as Definition from "./Definition.js"
import * as HostName from "./HostName.js"
import { modify } from "./internal/model/definition.js"
import type * as IpAddress from "./IpAddress.js"

/**
 * Errors of resolving a host name in a running container.
 *
 * @since 0.1.0
 * @category errors
 */
export type LookupError = BackendError.ContainerError | BackendError.ExecFailed | BackendError.HostNotResolved

/**
 * Errors of resolving a host name in a container that is started for it.
 *
 * @since 0.1.0
 * @category errors
 */
export type ResolveError = BackendError.StartError | LookupError

const decodeName = Schema.decodeEither(HostName.HostName)

const lookup = (backend: Backend.Service, container: string, host: string) =>
  Either.match(decodeName(host), {
    onLeft: (error) =>
      Effect.fail(new BackendError.HostNotResolved({ container, host, reason: "InvalidName", detail: error.message })),
    onRight: (name) => Effect.map(backend.exec.resolveHost(container, name), ([address]) => address)
  }).pipe(
    Effect.withSpan("HostResolver.lookup", {
      captureStackTrace: false,
      attributes: { engine: backend.engine.name, container, host }
    })
  )

/**
 * Resolves a host name in a running container. Its image needs a shell and, for names that are not in `/etc/hosts`,
 * `getent` or `nslookup`; busybox is sufficient.
 *
 * @since 0.1.0
 * @category lookups
 */
export const lookupIn: {
  (
    host: string
  ): (container: Container.Container) => Effect.Effect<IpAddress.IpAddress, LookupError, Backend.Backend>
  (
    container: Container.Container,
    host: string
  ): Effect.Effect<IpAddress.IpAddress, LookupError, Backend.Backend>
} = dual(
  2,
  (container: Container.Container, host: string) =>
    Effect.flatMap(Backend.Backend, (backend) => lookup(backend, container.id, host))
)

/**
 * Resolves a host name in a container that is started for the lookup, with the image, network and extra hosts of a
 * definition. The definition's process and published ports are ignored.
 *
 * The image needs `sleep`, and the programs that {@link lookupIn} needs.
 *
 * @example
 * ```ts
 * import { Definition, HostResolver, MemoryBackend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const address = Definition.make("alpine:3.20").pipe(
 *   Definition.extraHost("db.example", "192.168.1.100"),
 *   HostResolver.resolve("db.example"),
 *   Effect.provide(MemoryBackend.layer())
 * )
 *
 * assert.strictEqual(await Effect.runPromise(address), "192.168.1.100")
 * ```
 *
 * @since 0.1.0
 * @category lookups
 */
export const resolve: {
  (
    host: string
  ): (definition: Definition.Definition) => Effect.Effect<IpAddress.IpAddress, ResolveError, Backend.Backend>
  (
    definition: Definition.Definition,
    host: string
  ): Effect.Effect<IpAddress.IpAddress, ResolveError, Backend.Backend>
} = dual(
  2,
  (definition: Definition.Definition, host: string) =>
    Effect.flatMap(
      Backend.Backend,
      (backend) => Effect.scoped(Effect.flatMap(backend.start(idle(definition)), ({ id }) => lookup(backend, id, host)))
    )
)

const idle = (definition: Definition.Definition): Definition.Definition =>
  modify(definition, { name: Option.none(), ports: [], autoRemove: false, healthCheck: Option.none() }).pipe(
    Definition.entrypoint("sleep"),
    Definition.command("3600"),
    // The process holds no state, so it is killed at once.
    Definition.stopTimeout(0)
  )

/**
 * Returns the name by which containers reach the machine of the engine, and the definition in which that name resolves.
 *
 * @since 0.1.0
 * @category lookups
 */
export const containerHost = (
  definition: Definition.Definition
): Effect.Effect<
  { readonly name: HostName.HostName; readonly definition: Definition.Definition },
  never,
  Backend.Backend
> =>
  Effect.map(Backend.Backend, ({ engine }) =>
    // Podman has this name in every container, and no `host-gateway` before version 4.7.
    engine.name === "podman"
      ? { name: HostName.make("host.containers.internal"), definition }
      : {
        name: HostName.make("host.docker.internal"),
        definition: Definition.extraHost(definition, "host.docker.internal", "host-gateway")
      })

/**
 * Returns the address at which containers of an image, in the network of the definition, reach the machine of the
 * engine. A server is reachable if it listens on all addresses, or on this one, but not if it listens on loopback only.
 * If the engine runs in a virtual machine, the address is that of the virtual machine.
 *
 * @since 0.1.0
 * @category lookups
 */
export const resolveContainerHost = (
  definition: Definition.Definition
): Effect.Effect<IpAddress.IpAddress, ResolveError, Backend.Backend> =>
  Effect.flatMap(containerHost(definition), ({ definition, name }) => resolve(definition, name))
