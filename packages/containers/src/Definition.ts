/**
 * Description of a container: immutable data, extended with combinators. Nothing happens until a `Backend` starts it.
 *
 * Literals are checked when the definition is built; an invalid one throws at once, as a programming error. Decode
 * input from outside with the schemas of the value's module (`Reference.FromString`, `Port.FromString`, …) first.
 *
 * @since 0.1.0
 */
import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import type * as Tar from "@ociman/oci/Tar"
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ByteSize from "./ByteSize.js"
import * as ContainerName from "./ContainerName.js"
import type * as Device from "./Device.js"
import * as Environment from "./Environment.js"
import * as ExtraHost from "./ExtraHost.js"
import type * as HealthCheck from "./HealthCheck.js"
import type { HostFiles } from "./HostFiles.js"
import * as internal from "./internal/model/definition.js"
import type { Network } from "./internal/model/network.js"
import { type Entries, entriesOf } from "./internal/values/entries.js"
import * as IpAddress from "./IpAddress.js"
import * as Label from "./Label.js"
import type * as Mount from "./Mount.js"
import type * as Port from "./Port.js"
import * as RestartPolicy from "./RestartPolicy.js"
import type * as Ulimit from "./Ulimit.js"
import * as User from "./User.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof internal.TypeId = internal.TypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Pull policy of the image: if it is `missing` on the engine (the default),
 * `always`, or `never`.
 *
 * @since 0.1.0
 * @category models
 */
export type PullPolicy = internal.PullPolicy

/**
 * Description of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type Definition = internal.Definition

/**
 * @since 0.1.0
 */
export declare namespace Definition {
  /**
   * Fields of a definition, as the combinators of this module set them.
   *
   * @since 0.1.0
   * @category models
   */
  export type Fields = internal.Fields

  /**
   * File copied into the container between create and start.
   *
   * @since 0.1.0
   * @category models
   */
  export type PlacedFile = internal.PlacedFile

  /**
   * Log driver and its options.
   *
   * @since 0.1.0
   * @category models
   */
  export type LogDriver = internal.LogDriver

  /**
   * Combinator with one value, before or after the definition.
   *
   * @since 0.1.0
   * @category models
   */
  export type With<A> = internal.With<A>

  /**
   * Combinator with any number of values.
   *
   * @since 0.1.0
   * @category models
   */
  export type WithMany<A> = internal.WithMany<A>
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isDefinition: (u: unknown) => u is Definition = internal.isDefinition

/**
 * Describes a container of an image, with the image's defaults.
 *
 * @example
 * ```ts
 * import { Definition, Port } from "@ociman/containers"
 *
 * const web = Definition.make("docker.io/library/nginx:1.27").pipe(
 *   Definition.publish(Port.tcp(80)),
 *   Definition.env("LOG_LEVEL", "debug"),
 *   Definition.memory("256m")
 * )
 * assert.strictEqual(web.ports.length, 1)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (image: Reference.Reference | string): Definition =>
  internal.initial(typeof image === "string" ? Reference.make(image) : image)

/**
 * Sets when the image is pulled. Default: `missing`.
 *
 * @since 0.1.0
 * @category image
 */
export const pullPolicy: Definition.With<PullPolicy> = internal.withValue((pullPolicy) => ({ pullPolicy }))

/**
 * Sets the platform of the image, such as `linux/arm64`. Default: the engine's own.
 *
 * @since 0.1.0
 * @category image
 */
export const platform: Definition.With<Platform.Platform | string> = internal.withValue((platform) => ({
  platform: Option.some(typeof platform === "string" ? Platform.make(platform) : platform)
}))

/**
 * Sets the name of the container. Default: a unique one.
 *
 * @since 0.1.0
 * @category identity
 */
export const name: Definition.With<ContainerName.ContainerName | string> = internal.withValue((name) => ({
  name: Option.some(ContainerName.make(name))
}))

/**
 * Sets labels: one by key and value, or those of a record. A later one of the same key wins.
 *
 * @since 0.1.0
 * @category identity
 */
export const label: {
  (key: string, value: string): (self: Definition) => Definition
  (labels: Readonly<Record<string, string>>): (self: Definition) => Definition
  (self: Definition, key: string, value: string): Definition
  (self: Definition, labels: Readonly<Record<string, string>>): Definition
} = dual(
  (args) => isDefinition(args[0]),
  (self: Definition, ...given: Entries<string>) =>
    internal.modify(self, {
      labels: entriesOf(given).reduce((all, [key, value]) => Label.set(all, key, value), self.labels)
    })
)

/**
 * Replaces the image's entrypoint: the executable, and arguments before those of {@link command}. Without words, clears
 * the image's entrypoint.
 *
 * @since 0.1.0
 * @category process
 */
export const entrypoint: Definition.WithMany<string> = internal.withMany((words) => ({
  entrypoint: Option.some(words)
}))

/**
 * Replaces the image's command: the arguments of its entrypoint or, if it has none, the executable and its arguments.
 * Words are neither split nor expanded.
 *
 * @since 0.1.0
 * @category process
 */
export const command: Definition.WithMany<string> = internal.withMany((words) => ({ arguments: words }))

/**
 * Appends arguments to those of {@link command}.
 *
 * @since 0.1.0
 * @category process
 */
export const append: Definition.WithMany<string> = internal.withMany((words, self) => ({
  arguments: [...self.arguments, ...words]
}))

/**
 * Sets environment variables: one by name and value, or those of a record. A later one of the same name wins. Values
 * never appear in an argument list, so that no process listing shows them.
 *
 * @since 0.1.0
 * @category process
 */
export const env: {
  (name: string, value: Environment.Value): (self: Definition) => Definition
  (environment: Readonly<Record<string, Environment.Value>>): (self: Definition) => Definition
  (self: Definition, name: string, value: Environment.Value): Definition
  (self: Definition, environment: Readonly<Record<string, Environment.Value>>): Definition
} = dual(
  (args) => isDefinition(args[0]),
  (self: Definition, ...given: Entries<Environment.Value>) =>
    internal.modify(self, {
      environment: entriesOf(given).reduce((all, [name, value]) => Environment.set(all, name, value), self.environment)
    })
)

/**
 * Sets the user of the container's process: a name, a uid, `name:group` or `uid:gid`.
 *
 * @since 0.1.0
 * @category process
 */
export const user: Definition.With<User.User | string> = internal.withValue((user) => ({
  user: Option.some(typeof user === "string" ? User.make(user) : user)
}))

/**
 * Sets the working directory of the container's process.
 *
 * @since 0.1.0
 * @category process
 */
export const workingDirectory: Definition.With<string> = internal.withValue((path) => ({
  workingDirectory: Option.some(path)
}))

/**
 * Keeps the standard input of the container's process open.
 *
 * @since 0.1.0
 * @category process
 */
export const interactive = (self: Definition): Definition => internal.modify(self, { interactive: true })

/**
 * Allocates a terminal for the container's process, which combines its standard error with its standard output.
 *
 * @since 0.1.0
 * @category process
 */
export const tty = (self: Definition): Definition => internal.modify(self, { tty: true })

/**
 * Runs a small init as process 1, which forwards signals and reaps zombies.
 *
 * @since 0.1.0
 * @category process
 */
export const init = (self: Definition): Definition => internal.modify(self, { init: true })

/**
 * Lets the engine remove the container, and its anonymous volumes, when its process ends.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const autoRemove = (self: Definition): Definition => internal.modify(self, { autoRemove: true })

/**
 * Sets the restart policy: `no` (the default), `always`, `unless-stopped`, `on-failure` or `on-failure:5`.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const restartPolicy: Definition.With<RestartPolicy.RestartPolicy | string> = internal.withValue((policy) => ({
  restartPolicy: Option.some(typeof policy === "string" ? RestartPolicy.make(policy) : policy)
}))

/**
 * Sets the health check that the engine runs. Default: that of the image. Podman runs none on a machine without
 * systemd, where the state stays `starting`.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const healthCheck: Definition.With<HealthCheck.HealthCheck> = internal.withValue((healthCheck) => ({
  healthCheck: Option.some(healthCheck)
}))

/**
 * Sets the signal that stops the container's process, such as `SIGINT`. Default: the image's, else `SIGTERM`.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const stopSignal: Definition.With<string> = internal.withValue((signal) => ({ stopSignal: Option.some(signal) }))

/**
 * Sets the time between the stop signal and `SIGKILL`, rounded up to seconds. Default: 10 seconds for an explicit stop,
 * 1 second when a scope closes.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const stopTimeout: Definition.With<Duration.DurationInput> = internal.withValue((timeout) => ({
  stopTimeout: Option.some(Duration.decode(timeout))
}))

/**
 * Publishes ports on the engine's machine. A port without a host address is published on 127.0.0.1, or on all addresses
 * of a remote engine; for a port without a host port, the engine selects a free one.
 *
 * @since 0.1.0
 * @category network
 */
export const publish: Definition.WithMany<Port.Port> = internal.withMany((ports, self) => ({
  ports: [...self.ports, ...ports]
}))

/**
 * Sets the network of the container: a handle of `Network.make`, a name, `host`, `none` or `container:<name>`. Default:
 * the engine's default network, in which containers do not resolve each other by name.
 *
 * @since 0.1.0
 * @category network
 */
export const network: Definition.With<Network | string> = internal.withValue((network) => ({
  network: Option.some(typeof network === "string" ? network : network.id)
}))

/**
 * Adds names by which other containers of the network resolve this one.
 *
 * @since 0.1.0
 * @category network
 */
export const networkAlias: Definition.WithMany<string> = internal.withMany((aliases, self) => ({
  networkAliases: [...self.networkAliases, ...aliases]
}))

/**
 * Sets the addresses of the container in its {@link network}, at most one each of IPv4 and IPv6. The network must have
 * a subnet that contains them, set when it was created.
 *
 * @since 0.1.0
 * @category network
 */
export const networkAddress: Definition.WithMany<IpAddress.IpAddress | string> = internal.withMany((addresses) => ({
  networkAddresses: addresses.map((address) => IpAddress.make(address))
}))

/**
 * Sets the host name of the container.
 *
 * @since 0.1.0
 * @category network
 */
export const hostname: Definition.With<string> = internal.withValue((hostname) => ({ hostname: Option.some(hostname) }))

/**
 * Adds a host name with an address to the container's `/etc/hosts`. The address `host-gateway` is that of the engine's
 * machine.
 *
 * @since 0.1.0
 * @category network
 */
export const extraHost: {
  (name: string, address: string): (self: Definition) => Definition
  (self: Definition, name: string, address: string): Definition
} = dual(
  3,
  (self: Definition, name: string, address: string) =>
    internal.modify(self, { extraHosts: [...self.extraHosts, ExtraHost.make(name, address)] })
)

/**
 * Adds name servers of the container.
 *
 * @since 0.1.0
 * @category network
 */
export const dns: Definition.WithMany<string> = internal.withMany((servers, self) => ({
  dns: [...self.dns, ...servers]
}))

/**
 * Adds mounts: host directories, volumes or memory file systems.
 *
 * @since 0.1.0
 * @category file system
 */
export const mount: Definition.WithMany<Mount.Mount> = internal.withMany((mounts, self) => ({
  mounts: [...self.mounts, ...mounts]
}))

/**
 * Copies a file into the container before it starts; text as UTF-8. Missing directories are created. A later file of
 * the same path wins. The content is never printed.
 *
 * Fails the start with `CopyFailed` if the path is in a memory file system, which exists only while the container runs,
 * or on Docker if the container has a read-only root.
 *
 * @example
 * ```ts
 * import { Container, Definition, MemoryBackend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const database = Definition.make("postgres:17").pipe(
 *   Definition.file("/docker-entrypoint-initdb.d/init.sql", "CREATE TABLE users (name text);", { mode: 0o444 })
 * )
 *
 * const program = Effect.gen(function*() {
 *   const container = yield* Container.start(database)
 *   const script = yield* container.readFileString("/docker-entrypoint-initdb.d/init.sql")
 *   assert.strictEqual(script, "CREATE TABLE users (name text);")
 * })
 *
 * await program.pipe(Effect.scoped, Effect.provide(MemoryBackend.layer()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category file system
 */
export const file: {
  (
    path: string,
    content: string | Uint8Array | Redacted.Redacted<string | Uint8Array>,
    attributes?: Tar.Attributes
  ): (self: Definition) => Definition
  (
    self: Definition,
    path: string,
    content: string | Uint8Array | Redacted.Redacted<string | Uint8Array>,
    attributes?: Tar.Attributes
  ): Definition
} = dual(
  (args) => isDefinition(args[0]),
  (
    self: Definition,
    path: string,
    content: string | Uint8Array | Redacted.Redacted<string | Uint8Array>,
    attributes: Tar.Attributes = {}
  ) =>
    internal.modify(self, {
      files: [...self.files, {
        _tag: "Content",
        path: internal.absolutePath(path),
        content: Redacted.isRedacted(content) ? content : Redacted.make(content),
        attributes
      }]
    })
)

/**
 * Copies a file or directory of this machine to a path in the container before it starts, as {@link file} does. Copying
 * into an existing directory keeps its other entries.
 *
 * @since 0.1.0
 * @category file system
 */
export const copy: {
  (source: HostFiles, path: string): (self: Definition) => Definition
  (self: Definition, source: HostFiles, path: string): Definition
} = dual(
  3,
  (self: Definition, source: HostFiles, path: string) =>
    internal.modify(self, {
      files: [...self.files, { _tag: "HostFiles", path: internal.absolutePath(path), source }]
    })
)

/**
 * Makes the container's root file system read-only.
 *
 * @since 0.1.0
 * @category file system
 */
export const readOnlyRoot = (self: Definition): Definition => internal.modify(self, { readOnlyRoot: true })

/**
 * Sets the size of `/dev/shm`. Default: the engine's, 64 MiB on Docker and Podman.
 *
 * @since 0.1.0
 * @category resources
 */
export const sharedMemory: Definition.With<ByteSize.Input> = internal.withValue((size) => ({
  sharedMemory: Option.some(ByteSize.toBytes(size))
}))

/**
 * Limits the memory of the container.
 *
 * @since 0.1.0
 * @category resources
 */
export const memory: Definition.With<ByteSize.Input> = internal.withValue((size) => ({
  memory: Option.some(ByteSize.toBytes(size))
}))

/**
 * Limits the processor time of the container, in processors, such as `0.5`.
 *
 * @since 0.1.0
 * @category resources
 */
export const cpus: Definition.With<number> = internal.withValue((cpus) => ({ cpus: Option.some(cpus) }))

/**
 * Adds resource limits of the container's processes, such as `Ulimit.make("nofile", 1024, 2048)`.
 *
 * @since 0.1.0
 * @category resources
 */
export const ulimit: Definition.WithMany<Ulimit.Ulimit> = internal.withMany((ulimits, self) => ({
  ulimits: [...self.ulimits, ...ulimits]
}))

/**
 * Adds devices of the engine's machine to the container.
 *
 * @since 0.1.0
 * @category resources
 */
export const device: Definition.WithMany<Device.Device> = internal.withMany((devices, self) => ({
  devices: [...self.devices, ...devices]
}))

/**
 * Gives the container every capability and every device of the host.
 *
 * @since 0.1.0
 * @category security
 */
export const privileged = (self: Definition): Definition => internal.modify(self, { privileged: true })

/**
 * Adds Linux capabilities, such as `NET_ADMIN`.
 *
 * @since 0.1.0
 * @category security
 */
export const addCapability: Definition.WithMany<string> = internal.withMany((names, self) => ({
  addedCapabilities: [...self.addedCapabilities, ...names]
}))

/**
 * Drops Linux capabilities, such as `ALL`.
 *
 * @since 0.1.0
 * @category security
 */
export const dropCapability: Definition.WithMany<string> = internal.withMany((names, self) => ({
  droppedCapabilities: [...self.droppedCapabilities, ...names]
}))

/**
 * Adds security options, such as `no-new-privileges` or `seccomp=unconfined`.
 *
 * @since 0.1.0
 * @category security
 */
export const securityOption: Definition.WithMany<string> = internal.withMany((options, self) => ({
  securityOptions: [...self.securityOptions, ...options]
}))

/**
 * Sets the log driver, such as `local`, `journald` or `none`, with its options. Default: as the engine is configured.
 *
 * @since 0.1.0
 * @category lifecycle
 */
export const logDriver: {
  (name: string, options?: Readonly<Record<string, string>>): (self: Definition) => Definition
  (self: Definition, name: string, options?: Readonly<Record<string, string>>): Definition
} = dual(
  (args) => isDefinition(args[0]),
  (self: Definition, name: string, options: Readonly<Record<string, string>> = {}) =>
    internal.modify(self, { logDriver: Option.some({ name, options }) })
)

/**
 * Adds flags to the engine's `create` command that have no combinator. They are passed unchanged, before the image;
 * their effect, and their support on each engine, is not checked.
 *
 * @since 0.1.0
 * @category escape hatches
 */
export const rawFlags: Definition.WithMany<string> = internal.withMany((flags, self) => ({
  rawFlags: [...self.rawFlags, ...flags]
}))
