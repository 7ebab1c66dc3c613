/**
 * @since 0.1.0
 */
export * as Backend from "./Backend.js"

/**
 * @since 0.1.0
 */
export * as BackendDriver from "./BackendDriver.js"

/**
 * @since 0.1.0
 */
export * as BackendError from "./BackendError.js"

/**
 * @since 0.1.0
 */
export * as Build from "./Build.js"

/**
 * @since 0.1.0
 */
export * as BuildEvent from "./BuildEvent.js"

/**
 * @since 0.1.0
 */
export * as ByteSize from "./ByteSize.js"

/**
 * @since 0.1.0
 */
export * as CliBackend from "./CliBackend.js"

/**
 * @since 0.1.0
 */
export * as Container from "./Container.js"

/**
 * @since 0.1.0
 */
export * as ContainerId from "./ContainerId.js"

/**
 * @since 0.1.0
 */
export * as ContainerInfo from "./ContainerInfo.js"

/**
 * @since 0.1.0
 */
export * as ContainerName from "./ContainerName.js"

/**
 * @since 0.1.0
 */
export * as Definition from "./Definition.js"

/**
 * @since 0.1.0
 */
export * as Device from "./Device.js"

/**
 * @since 0.1.0
 */
export * as Engine from "./Engine.js"

/**
 * @since 0.1.0
 */
export * as EngineBackend from "./EngineBackend.js"

/**
 * @since 0.1.0
 */
export * as EngineEndpoint from "./EngineEndpoint.js"

/**
 * @since 0.1.0
 */
export * as Environment from "./Environment.js"

/**
 * @since 0.1.0
 */
export * as Event from "./Event.js"

/**
 * @since 0.1.0
 */
export * as Exec from "./Exec.js"

/**
 * @since 0.1.0
 */
export * as ExtraHost from "./ExtraHost.js"

/**
 * @since 0.1.0
 */
export * as HealthCheck from "./HealthCheck.js"

/**
 * @since 0.1.0
 */
export * as HostFiles from "./HostFiles.js"

/**
 * @since 0.1.0
 */
export * as HostName from "./HostName.js"

/**
 * @since 0.1.0
 */
export * as HostResolver from "./HostResolver.js"

/**
 * @since 0.1.0
 */
export * as Image from "./Image.js"

/**
 * @since 0.1.0
 */
export * as ImageHistory from "./ImageHistory.js"

/**
 * @since 0.1.0
 */
export * as ImageId from "./ImageId.js"

/**
 * @since 0.1.0
 */
export * as ImageInfo from "./ImageInfo.js"

/**
 * @since 0.1.0
 */
export * as IpAddress from "./IpAddress.js"

/**
 * @since 0.1.0
 */
export * as Label from "./Label.js"

/**
 * @since 0.1.0
 */
export * as MemoryBackend from "./MemoryBackend.js"

/**
 * @since 0.1.0
 */
export * as Mount from "./Mount.js"

/**
 * @since 0.1.0
 */
export * as Network from "./Network.js"

/**
 * @since 0.1.0
 */
export * as NetworkInfo from "./NetworkInfo.js"

/**
 * @since 0.1.0
 */
export * as Output from "./Output.js"

/**
 * @since 0.1.0
 */
export * as PlatformSupport from "./PlatformSupport.js"

/**
 * @since 0.1.0
 */
export * as Port from "./Port.js"

/**
 * @since 0.1.0
 */
export * as ProcessInfo from "./ProcessInfo.js"

/**
 * @since 0.1.0
 */
export * as Recorder from "./Recorder.js"

/**
 * @since 0.1.0
 */
export * as RestartPolicy from "./RestartPolicy.js"

/**
 * @since 0.1.0
 */
export * as Session from "./Session.js"

/**
 * @since 0.1.0
 */
export * as Settings from "./Settings.js"

/**
 * @since 0.1.0
 */
export * as Stats from "./Stats.js"

/**
 * @since 0.1.0
 */
export * as Subnet from "./Subnet.js"

/**
 * @since 0.1.0
 */
export * as Transfer from "./Transfer.js"

/**
 * @since 0.1.0
 */
export * as Ulimit from "./Ulimit.js"

/**
 * @since 0.1.0
 */
export * as User from "./User.js"

/**
 * @since 0.1.0
 */
export * as Volume from "./Volume.js"

/**
 * @since 0.1.0
 */
export * as VolumeInfo from "./VolumeInfo.js"
