/**
 * Errors of container engines. Each condition that callers branch on has its own
 * tag; all others are {@link EngineFailed}.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Step } from "./BuildEvent.js"
import {
  describeContainer,
  detailTitle,
  memoryText,
  probeReasons,
  refusalTexts,
  section,
  signalText
} from "./internal/values/errorText.js"

const engineName = Schema.Literal("docker", "podman", "memory")

/**
 * One attempt to reach an engine, and why it failed.
 *
 * @since 0.1.0
 * @category models
 */
export class Probe extends Schema.Class<Probe>("@ociman/containers/BackendError/Probe")({
  engine: engineName,
  executable: Schema.String,
  /**
   * - `NotInstalled`: the executable is not on `PATH`.
   * - `DaemonDown`: the client is installed, but no engine answers it.
   * - `PermissionDenied`: the engine is running, but this user may not use it.
   * - `UnexpectedAnswer`: the answer could not be decoded.
   */
  reason: Schema.Literal("NotInstalled", "DaemonDown", "PermissionDenied", "UnexpectedAnswer"),
  detail: Schema.String
}) {
  /**
   * @since 0.1.0
   */
  override toString() {
    return `${this.executable}: ${probeReasons[this.reason]}${this.detail === "" ? "" : ` (${this.detail})`}`
  }
}

/**
 * No engine answers. Lists every probe with its reason, when an engine is selected at start, or when a running engine
 * has become unreachable.
 *
 * @since 0.1.0
 * @category errors
 */
export class BackendUnavailable
  extends Schema.TaggedError<BackendUnavailable>("@ociman/containers/BackendError/BackendUnavailable")(
    "BackendUnavailable",
    {
      probes: Schema.NonEmptyArray(Probe),
      /** Operation that could not reach the engine; absent if no engine was found at start. */
      operation: Schema.optionalWith(Schema.String, { exact: true }),
      /** Setting that names the engine, so that no other was tried; absent if there is none. */
      namedBy: Schema.optionalWith(Schema.String, { exact: true })
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    const probes = this.probes.map((probe) => `- ${probe}`)
    if (this.operation !== undefined) return [`${this.operation}: the engine is gone.`, ...probes].join("\n")
    return this.namedBy === undefined
      ? ["No container engine answers.", ...probes].join("\n")
      : [
        "The container engine that the settings name does not answer.",
        ...probes,
        `It is named by ${this.namedBy}; change or unset that to use another engine.`
      ].join("\n")
  }
}

/**
 * No container has this id or name.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContainerNotFound
  extends Schema.TaggedError<ContainerNotFound>("@ociman/containers/BackendError/ContainerNotFound")(
    "ContainerNotFound",
    { container: Schema.String }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no container "${this.container}".`
  }
}

/**
 * The engine does not have the image, nor, after a pull, its registry.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImageNotFound extends Schema.TaggedError<ImageNotFound>("@ociman/containers/BackendError/ImageNotFound")(
  "ImageNotFound",
  {
    image: Schema.String,
    /** Message of the engine. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no image "${this.image}".${section("The engine says", this.detail)}`
  }
}

/**
 * A registry refused a pull or a push, or could not be reached.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransferFailed
  extends Schema.TaggedError<TransferFailed>("@ociman/containers/BackendError/TransferFailed")(
    "TransferFailed",
    {
      image: Schema.String,
      operation: Schema.Literal("pull", "push"),
      /**
       * - `Unauthorized`: the registry requires authentication, or rejects the credentials.
       * - `Denied`: the registry denies access to this user. Some registries also answer so if the repository does not
       *   exist.
       * - `Unreachable`: the engine cannot connect to the registry.
       * - `TooManyRequests`: the registry's rate limit is exceeded.
       */
      reason: Schema.Literal("Unauthorized", "Denied", "Unreachable", "TooManyRequests"),
      /** Message of the engine. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The registry of "${this.image}" ${refusalTexts[this.reason]} (${this.operation}, ${this.reason}).${
      section("The engine says", this.detail)
    }`
  }
}

/**
 * No network has this id or name.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkNotFound
  extends Schema.TaggedError<NetworkNotFound>("@ociman/containers/BackendError/NetworkNotFound")(
    "NetworkNotFound",
    { network: Schema.String }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no network "${this.network}".`
  }
}

/**
 * No volume has this name.
 *
 * @since 0.1.0
 * @category errors
 */
export class VolumeNotFound
  extends Schema.TaggedError<VolumeNotFound>("@ociman/containers/BackendError/VolumeNotFound")(
    "VolumeNotFound",
    { volume: Schema.String }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no volume "${this.volume}".`
  }
}

/**
 * Another container, network or volume already has this name.
 *
 * @since 0.1.0
 * @category errors
 */
export class NameInUse extends Schema.TaggedError<NameInUse>("@ociman/containers/BackendError/NameInUse")(
  "NameInUse",
  {
    kind: Schema.Literal("container", "network", "volume"),
    /** Name that is in use. */
    resource: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The ${this.kind} name "${this.resource}" is in use already; remove that ${this.kind}, or omit the name to get a unique one.`
  }
}

/**
 * A network or volume that containers still use cannot be removed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceInUse extends Schema.TaggedError<ResourceInUse>("@ociman/containers/BackendError/ResourceInUse")(
  "ResourceInUse",
  {
    kind: Schema.Literal("network", "volume"),
    /** Id or name, as given to the operation. */
    resource: Schema.String,
    /** Message of the engine. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const remedy = this.kind === "network" ? "disconnect or remove them" : "remove them"
    return `Containers use the ${this.kind} "${this.resource}"; ${remedy}, or remove it by force.${
      section("The engine says", this.detail)
    }`
  }
}

/**
 * A network could not be created with the requested addresses.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubnetUnavailable
  extends Schema.TaggedError<SubnetUnavailable>("@ociman/containers/BackendError/SubnetUnavailable")(
    "SubnetUnavailable",
    {
      /** Name of the network. */
      network: Schema.String,
      /**
       * - `Overlap`: a requested subnet overlaps another network of the engine or of its machine.
       * - `Exhausted`: no subnet was requested, and the engine has no free one left.
       */
      reason: Schema.Literal("Overlap", "Exhausted"),
      /** Message of the engine. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    const what = this.reason === "Overlap"
      ? "a subnet overlaps one in use; choose another, or omit it to get a free one"
      : "the engine has no free subnet left; remove networks, or choose a subnet"
    return `Network "${this.network}" could not be created: ${what}.${section("The engine says", this.detail)}`
  }
}

/**
 * A host name has no address in a container.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostNotResolved
  extends Schema.TaggedError<HostNotResolved>("@ociman/containers/BackendError/HostNotResolved")(
    "HostNotResolved",
    {
      container: Schema.String,
      host: Schema.String,
      /**
       * - `InvalidName`: the text is not a host name.
       * - `UnknownHost`: the name has no address.
       * - `NoResolver`: the image has neither `getent` nor `nslookup`, and the container's `/etc/hosts` does not
       *   have the name.
       */
      reason: Schema.Literal("InvalidName", "UnknownHost", "NoResolver"),
      /** Message of the resolver. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `"${this.host}" has no address in container "${this.container}" (${this.reason}).${
      section("The resolver says", this.detail)
    }`
  }
}

/**
 * The container does not publish the requested port.
 *
 * @since 0.1.0
 * @category errors
 */
export class PortNotPublished
  extends Schema.TaggedError<PortNotPublished>("@ociman/containers/BackendError/PortNotPublished")(
    "PortNotPublished",
    {
      container: Schema.String,
      /** Port of the container with its protocol, such as `80/tcp`. */
      port: Schema.String,
      /** Published ports, in the same form. */
      published: Schema.Array(Schema.String),
      /** State of the container. Only a running container has published ports. */
      state: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    const published = this.published.length === 0 ? "no port at all" : this.published.join(", ")
    return `Container "${this.container}" (${this.state}) does not publish port ${this.port}; it publishes ${published}.`
  }
}

const described = {
  /** Name of the container; absent if unknown. */
  containerName: Schema.optionalWith(Schema.String, { exact: true }),
  /** Image of the container; absent if unknown. */
  image: Schema.optionalWith(Schema.String, { exact: true })
}

/**
 * A host port that the container publishes is already in use.
 *
 * @since 0.1.0
 * @category errors
 */
export class PortTaken extends Schema.TaggedError<PortTaken>("@ociman/containers/BackendError/PortTaken")(
  "PortTaken",
  {
    container: Schema.String,
    ...described,
    /** Name of the container of this engine that has the port; absent if unknown. */
    holder: Schema.optionalWith(Schema.String, { exact: true }),
    /** Message of the engine, which contains the address. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const holder = this.holder === undefined ? "" : ` by container "${this.holder}"`
    return `${describeContainer(this)} cannot start: a host port that it publishes is taken${holder}.${
      section("The engine says", this.detail)
    }`
  }
}

/**
 * The container was created, but its process could not be started.
 *
 * @since 0.1.0
 * @category errors
 */
export class StartFailed extends Schema.TaggedError<StartFailed>("@ociman/containers/BackendError/StartFailed")(
  "StartFailed",
  {
    container: Schema.String,
    ...described,
    /**
     * - `CommandNotFound`: the image has no such executable.
     * - `NotExecutable`: the file exists but may not be executed.
     * - `Refused`: the engine or its runtime refused for another reason, see `detail`.
     */
    reason: Schema.Literal("CommandNotFound", "NotExecutable", "Refused"),
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `${describeContainer(this)} could not be started (${this.reason}).${section("The engine says", this.detail)}`
  }
}

/**
 * The foreground process of a container ended with an exit code other than zero.
 *
 * @since 0.1.0
 * @category errors
 */
export class RunFailed extends Schema.TaggedError<RunFailed>("@ociman/containers/BackendError/RunFailed")(
  "RunFailed",
  {
    image: Schema.String,
    exitCode: Schema.Number,
    /**
     * If true, the engine reports that the memory limit was exceeded. Podman does not report it with version 1 of
     * control groups. Default: false.
     */
    outOfMemory: Schema.optionalWith(Schema.Boolean, { exact: true }),
    /** Beginning and end of the output, as text. */
    stdout: Schema.String,
    stderr: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const end = memoryText(this.exitCode, this.outOfMemory === true)
    return `A container of "${this.image}" ended with exit code ${this.exitCode}${signalText(this.exitCode)}${end}.${
      section("stderr", this.stderr)
    }${section("stdout", this.stdout)}`
  }
}

/**
 * A command in a container failed, or could not be run.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExecFailed extends Schema.TaggedError<ExecFailed>("@ociman/containers/BackendError/ExecFailed")(
  "ExecFailed",
  {
    container: Schema.String,
    /** Command line, quoted for a shell, secrets redacted. */
    command: Schema.String,
    /**
     * - `ExitCode`: the command ran and ended with `exitCode`.
     * - `CommandNotFound`: the container has no such executable.
     * - `NotExecutable`: the file exists but may not be executed.
     * - `ContainerNotRunning`: the container is stopped or paused, see `detail`.
     * - `Refused`: no such user or working directory, or another reason, see `detail`.
     */
    reason: Schema.Literal("ExitCode", "CommandNotFound", "NotExecutable", "ContainerNotRunning", "Refused"),
    exitCode: Schema.Number,
    /** Beginning and end of the output, as text. */
    stdout: Schema.String,
    stderr: Schema.String,
    /** Message of the engine, or the state of the container. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const what = this.reason === "ExitCode"
      ? `ended with exit code ${this.exitCode}${signalText(this.exitCode)}`
      : `could not be run (${this.reason})`
    return `${this.command} ${what} in container "${this.container}".${section("Details", this.detail)}${
      section("stderr", this.stderr)
    }${section("stdout", this.stdout)}`
  }
}

/**
 * The engine refused an operation, or failed, for a reason without a tag of its own.
 *
 * @since 0.1.0
 * @category errors
 */
export class EngineFailed extends Schema.TaggedError<EngineFailed>("@ociman/containers/BackendError/EngineFailed")(
  "EngineFailed",
  {
    engine: engineName,
    /** Operation, such as `Container.commit`. */
    operation: Schema.String,
    /**
     * - `Refused`: the engine refused, see `detail`.
     * - `Conflict`: the state of the container or image, or its use by others, does not allow the operation.
     * - `TimedOut`: the engine did not answer in time.
     * - `UnexpectedAnswer`: the engine's answer could not be decoded.
     * - `InvalidDefinition`: the request cannot be expressed for this engine.
     * - `InputFailed`: the stream of input failed, see `cause`.
     * - `Unsupported`: the engine does not support the operation in its configuration, such as `Container.stats` on
     *   rootless Podman with version 1 of control groups.
     */
    reason: Schema.Literal(
      "Refused",
      "Conflict",
      "TimedOut",
      "UnexpectedAnswer",
      "InvalidDefinition",
      "InputFailed",
      "Unsupported"
    ),
    detail: Schema.String,
    cause: Schema.optionalWith(Schema.Defect, { exact: true })
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `${this.operation} failed on ${this.engine} (${this.reason}).${section(detailTitle(this), this.detail)}`
  }
}

/**
 * The engine lacks a capability that an operation or a definition needs.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unsupported extends Schema.TaggedError<Unsupported>("@ociman/containers/BackendError/Unsupported")(
  "Unsupported",
  {
    engine: engineName,
    /** The missing capability, see `Engine.Capabilities`. */
    capability: Schema.String,
    /** The operation or the combinator that needs it, and how to do without. */
    hint: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The engine ${this.engine} lacks the capability "${this.capability}": ${this.hint}`
  }
}

/**
 * A build failed at one of its steps, or before the first one.
 *
 * @since 0.1.0
 * @category errors
 */
export class BuildFailed extends Schema.TaggedError<BuildFailed>("@ociman/containers/BackendError/BuildFailed")(
  "BuildFailed",
  {
    image: Schema.String,
    /** Failed step, with its instruction; absent if the build failed before the first one. */
    step: Schema.optionalWith(Step, { exact: true }),
    /** Exit code of the step's command; absent if the step failed otherwise. */
    exitCode: Schema.optionalWith(Schema.Number, { exact: true }),
    /** Last lines of output of the builder and its steps. */
    output: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const step = this.step === undefined ? "" : ` at step ${this.step}`
    const code = this.exitCode === undefined ? "" : ` (exit code ${this.exitCode}${signalText(this.exitCode)})`
    return `Building "${this.image}" failed${step}${code}.${section("Last output", this.output)}`
  }
}

/**
 * A path does not exist in a container, or the directory to copy into does not.
 *
 * @since 0.1.0
 * @category errors
 */
export class PathNotFound extends Schema.TaggedError<PathNotFound>("@ociman/containers/BackendError/PathNotFound")(
  "PathNotFound",
  { container: Schema.String, path: Schema.String }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no ${JSON.stringify(this.path)} in container "${this.container}".`
  }
}

/**
 * Files could not be copied into or out of a container.
 *
 * @since 0.1.0
 * @category errors
 */
export class CopyFailed extends Schema.TaggedError<CopyFailed>("@ociman/containers/BackendError/CopyFailed")(
  "CopyFailed",
  {
    container: Schema.String,
    /** Path in the container; for `UnsafeEntry` the name of the archive's entry. */
    path: Schema.String,
    /**
     * - `NotADirectory`: the target of the copy is not a directory.
     * - `NotAFile`: the path to read is not a file.
     * - `InTheWay`: a directory exists at the path of a file, or a file at the path of a directory.
     * - `ReadOnly`: the container's file system, or a mount, is read-only.
     * - `Unreachable`: the path is in a memory file system, into which the engine cannot copy, or not before the start.
     * - `InvalidPath`: the path is not absolute, or does not name a file.
     * - `InvalidArchive`: the archive is corrupt, or the content of an entry does not have its declared size.
     * - `UnsafeEntry`: the container's archive has a name or a link that leads out of the copy, or a device.
     * - `Unreadable`: the source on this machine could not be read, see `cause`.
     */
    reason: Schema.Literal(
      "NotADirectory",
      "NotAFile",
      "InTheWay",
      "ReadOnly",
      "Unreachable",
      "InvalidPath",
      "InvalidArchive",
      "UnsafeEntry",
      "Unreadable"
    ),
    detail: Schema.String,
    cause: Schema.optionalWith(Schema.Defect, { exact: true })
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const path = JSON.stringify(this.path)
    return `Copying failed at ${path} of container "${this.container}" (${this.reason}).${
      section("Details", this.detail)
    }`
  }
}

/**
 * The settings of a client do not yield an endpoint.
 *
 * @since 0.1.0
 * @category errors
 */
export class EndpointError extends Schema.TaggedError<EndpointError>("@ociman/containers/BackendError/EndpointError")(
  "EndpointError",
  {
    engine: Schema.Literal("docker", "podman"),
    /**
     * - `ContextNotFound`: no context or connection has this name.
     * - `InvalidContext`: the file of a context cannot be read or decoded.
     * - `InvalidHost`: the value is not an engine's host, see `detail`.
     * - `InvalidConfig`: a configuration file cannot be read or decoded.
     * - `TlsFileMissing`: TLS is enabled, but a file for it does not exist.
     * - `Conflict`: options contradict each other.
     */
    reason: Schema.Literal(
      "ContextNotFound",
      "InvalidContext",
      "InvalidHost",
      "InvalidConfig",
      "TlsFileMissing",
      "Conflict"
    ),
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The settings of ${this.engine} do not yield an endpoint (${this.reason}): ${this.detail}`
  }
}

/**
 * Errors of any operation: the engine is not available, or it refuses for a reason of its own.
 *
 * @since 0.1.0
 * @category errors
 */
export type EngineError = BackendUnavailable | EngineFailed | Unsupported

/**
 * Errors of any operation on an existing container.
 *
 * @since 0.1.0
 * @category errors
 */
export type ContainerError = ContainerNotFound | EngineError

/**
 * Errors of copying files into or out of a container.
 *
 * @since 0.1.0
 * @category errors
 */
export type CopyError = ContainerError | CopyFailed | PathNotFound

/**
 * Errors of any operation on an existing image.
 *
 * @since 0.1.0
 * @category errors
 */
export type ImageError = ImageNotFound | EngineError

/**
 * Errors of a pull or a push.
 *
 * @since 0.1.0
 * @category errors
 */
export type TransferError = ImageError | TransferFailed

/**
 * Errors of creating a container, the pull of its image included.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateError = TransferError | NameInUse | NetworkNotFound

/**
 * Errors of any operation on an existing network.
 *
 * @since 0.1.0
 * @category errors
 */
export type NetworkError = NetworkNotFound | EngineError

/**
 * Errors of creating a network.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateNetworkError = NameInUse | SubnetUnavailable | EngineError

/**
 * Errors of any operation on an existing volume.
 *
 * @since 0.1.0
 * @category errors
 */
export type VolumeError = VolumeNotFound | EngineError

/**
 * Errors of creating and starting a container.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError = CreateError | ContainerNotFound | CopyFailed | PortTaken | StartFailed

/**
 * Schema of every error of this package.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BackendError = Schema.Union(
  BackendUnavailable,
  BuildFailed,
  ContainerNotFound,
  CopyFailed,
  EndpointError,
  EngineFailed,
  ExecFailed,
  HostNotResolved,
  ImageNotFound,
  NameInUse,
  NetworkNotFound,
  PathNotFound,
  PortNotPublished,
  PortTaken,
  TransferFailed,
  ResourceInUse,
  RunFailed,
  StartFailed,
  SubnetUnavailable,
  Unsupported,
  VolumeNotFound
)

/**
 * @since 0.1.0
 * @category errors
 */
export type BackendError = typeof BackendError.Type

/**
 * @since 0.1.0
 * @category guards
 */
export const isBackendError: (u: unknown) => u is BackendError = Schema.is(BackendError)
