/**
 * Service that runs containers.
 *
 * @since 0.1.0
 */
export * as Backend from "./Backend.js"

/**
 * Operations that a driver provides for one engine, grouped by theme.
 *
 * @since 0.1.0
 */
export * as BackendDriver from "./BackendDriver.js"

/**
 * Errors of container engines.
 *
 * @since 0.1.0
 */
export * as BackendError from "./BackendError.js"

/**
 * Description of an image build: immutable data, extended with combinators.
 *
 * @since 0.1.0
 */
export * as Build from "./Build.js"

/**
 * Progress events of an image build, the same for every builder: Docker's classic one, BuildKit and Podman's.
 *
 * @since 0.1.0
 */
export * as BuildEvent from "./BuildEvent.js"

/**
 * Numbers of bytes, in the engines' notation: `512m`, `1.5g`.
 *
 * @since 0.1.0
 */
export * as ByteSize from "./ByteSize.js"

/**
 * Driver of a `Backend` that runs the command line clients of Docker and Podman.
 *
 * @since 0.1.0
 */
export * as CliBackend from "./CliBackend.js"

/**
 * Containers: starts one in a scope, runs one to its end, or attaches to an existing one.
 *
 * @since 0.1.0
 */
export * as Container from "./Container.js"

/**
 * Ids of containers.
 *
 * @since 0.1.0
 */
export * as ContainerId from "./ContainerId.js"

/**
 * Properties, processes and resource usage of a container, as reported by its engine.
 *
 * @since 0.1.0
 */
export * as ContainerInfo from "./ContainerInfo.js"

/**
 * Names of containers.
 *
 * @since 0.1.0
 */
export * as ContainerName from "./ContainerName.js"

/**
 * Description of a container: immutable data, extended with combinators.
 *
 * @since 0.1.0
 */
export * as Definition from "./Definition.js"

/**
 * Devices of the host in a container.
 *
 * @since 0.1.0
 */
export * as Device from "./Device.js"

/**
 * Identity of a container engine: kind, versions, endpoint.
 *
 * @since 0.1.0
 */
export * as Engine from "./Engine.js"

/**
 * Backends of Docker and Podman, on this machine or as its settings name them.
 *
 * @since 0.1.0
 */
export * as EngineBackend from "./EngineBackend.js"

/**
 * Endpoint of an engine, by the rules of its client: environment variables, configuration files, Docker's contexts and
 * Podman's connections.
 *
 * @since 0.1.0
 */
export * as EngineEndpoint from "./EngineEndpoint.js"

/**
 * Environment variables of a process in a container.
 *
 * @since 0.1.0
 */
export * as Environment from "./Environment.js"

/**
 * Engine events: changes of containers, images, networks and volumes.
 *
 * @since 0.1.0
 */
export * as Event from "./Event.js"

/**
 * Description of a command in a container: immutable data, as `Command` of `@effect/platform` is for processes of the
 * host.
 *
 * @since 0.1.0
 */
export * as Exec from "./Exec.js"

/**
 * Entries for the `/etc/hosts` of a container.
 *
 * @since 0.1.0
 */
export * as ExtraHost from "./ExtraHost.js"

/**
 * Health check of a container.
 *
 * @since 0.1.0
 */
export * as HealthCheck from "./HealthCheck.js"

/**
 * File or directory of this machine, to copy into containers.
 *
 * @since 0.1.0
 */
export * as HostFiles from "./HostFiles.js"

/**
 * Host names.
 *
 * @since 0.1.0
 */
export * as HostName from "./HostName.js"

/**
 * Resolution of host names inside of containers, and of the address at which containers reach the engine's machine.
 *
 * @since 0.1.0
 */
export * as HostResolver from "./HostResolver.js"

/**
 * Images on an engine, addressed by reference or id.
 *
 * @since 0.1.0
 */
export * as Image from "./Image.js"

/**
 * Id of an image on an engine: a digest, `sha256:` and 64 hexadecimal digits.
 *
 * @since 0.1.0
 */
export * as ImageId from "./ImageId.js"

/**
 * Properties and history of an image, as reported by its engine.
 *
 * @since 0.1.0
 */
export * as ImageInfo from "./ImageInfo.js"

/**
 * IP addresses.
 *
 * @since 0.1.0
 */
export * as IpAddress from "./IpAddress.js"

/**
 * Labels of containers, images, networks and volumes, and filters by label.
 *
 * @since 0.1.0
 */
export * as Label from "./Label.js"

/**
 * Backend in memory, for tests without an engine.
 *
 * @since 0.1.0
 */
export * as MemoryBackend from "./MemoryBackend.js"

/**
 * Mounts of a container: directories and files of the host, volumes, and memory file systems.
 *
 * @since 0.1.0
 */
export * as Mount from "./Mount.js"

/**
 * Networks, in which containers resolve each other by name.
 *
 * @since 0.1.0
 */
export * as Network from "./Network.js"

/**
 * Properties of a network, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
export * as NetworkInfo from "./NetworkInfo.js"

/**
 * User settings in the file `ociman.toml`.
 *
 * @since 0.1.0
 */
export * as OcimanConfig from "./OcimanConfig.js"

/**
 * Output of processes in containers.
 *
 * @since 0.1.0
 */
export * as Output from "./Output.js"

/**
 * Check for platforms on which no container engine can run, for tests that skip themselves there.
 *
 * @since 0.1.0
 */
export * as PlatformSupport from "./PlatformSupport.js"

/**
 * Ports of a container, published on the host, as with `docker run --publish`.
 *
 * @since 0.1.0
 */
export * as Port from "./Port.js"

/**
 * Records the calls of a backend, memory or real, for assertions in tests.
 *
 * @since 0.1.0
 */
export * as Recorder from "./Recorder.js"

/**
 * Restart policy of a container that ends by itself.
 *
 * @since 0.1.0
 */
export * as RestartPolicy from "./RestartPolicy.js"

/**
 * Ownership of resources on an engine: the process that created a resource, and its backend. `Backend.sweep` removes
 * resources of processes that have ended.
 *
 * @since 0.1.0
 */
export * as Session from "./Session.js"

/**
 * Subnets: ranges of IP addresses in CIDR notation.
 *
 * @since 0.1.0
 */
export * as Subnet from "./Subnet.js"

/**
 * Progress events of a pull or push.
 *
 * @since 0.1.0
 */
export * as Transfer from "./Transfer.js"

/**
 * Limits on the resources of a container's processes.
 *
 * @since 0.1.0
 */
export * as Ulimit from "./Ulimit.js"

/**
 * User of a process in a container.
 *
 * @since 0.1.0
 */
export * as User from "./User.js"

/**
 * Volumes: storage that outlives containers and can be shared by several.
 *
 * @since 0.1.0
 */
export * as Volume from "./Volume.js"

/**
 * Properties of a volume, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
export * as VolumeInfo from "./VolumeInfo.js"
