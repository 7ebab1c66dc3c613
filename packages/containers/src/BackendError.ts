/**
 * Errors of container engines. Each condition that callers branch on has its own
 * tag; all others are {@link EngineFailed}.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Step } from "./BuildEvent.js"
import { advice, memoryOf, nameOf, refusals, signalOf, speaker, tail } from "./internal/values/errorText.js"

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
   * - `NotInstalled`: there is no such executable on `PATH`.
   * - `DaemonDown`: the client is there, nothing answers it.
   * - `PermissionDenied`: the engine is there, this user may not use it.
   * - `UnexpectedAnswer`: something answered that is not understood.
   */
  reason: Schema.Literal("NotInstalled", "DaemonDown", "PermissionDenied", "UnexpectedAnswer"),
  detail: Schema.String
}) {
  /**
   * @since 0.1.0
   */
  override toString() {
    return `${this.executable}: ${advice[this.reason]}${this.detail === "" ? "" : ` (${this.detail})`}`
  }
}

/**
 * No engine answers: at start, where each engine that was tried is listed with
 * its reason, or in the middle of a program when the engine went away.
 *
 * @since 0.1.0
 * @category errors
 */
export class BackendUnavailable
  extends Schema.TaggedError<BackendUnavailable>("@ociman/containers/BackendError/BackendUnavailable")(
    "BackendUnavailable",
    {
      probes: Schema.NonEmptyArray(Probe),
      /** The operation that found the engine gone; absent while looking for one. */
      operation: Schema.optionalWith(Schema.String, { exact: true }),
      /** The setting that names the engine, for which no other was tried; absent if none does. */
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
 * There is no container of that id or name.
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
 * The image is neither on the engine nor, where it was asked for it, in its registry.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImageNotFound extends Schema.TaggedError<ImageNotFound>("@ociman/containers/BackendError/ImageNotFound")(
  "ImageNotFound",
  {
    image: Schema.String,
    /** What the engine said. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `There is no image "${this.image}".${tail("The engine says", this.detail)}`
  }
}

/**
 * A registry did not take part in a pull or a push.
 *
 * @since 0.1.0
 * @category errors
 */
export class RegistryFailed
  extends Schema.TaggedError<RegistryFailed>("@ociman/containers/BackendError/RegistryFailed")(
    "RegistryFailed",
    {
      image: Schema.String,
      operation: Schema.Literal("pull", "push"),
      /**
       * - `Unauthorized`: it wants to know who asks, or does not accept the credentials.
       * - `Denied`: it knows who asks, and refuses. Some say so of what they do not have, too.
       * - `Unreachable`: the engine cannot speak to it.
       * - `TooManyRequests`: it has been asked too often.
       */
      reason: Schema.Literal("Unauthorized", "Denied", "Unreachable", "TooManyRequests"),
      /** What the engine said. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The registry of "${this.image}" ${refusals[this.reason]} (${this.operation}, ${this.reason}).${
      tail("The engine says", this.detail)
    }`
  }
}

/**
 * There is no network of that id or name.
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
 * There is no volume of that name.
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
 * Another container, network or volume has the name already.
 *
 * @since 0.1.0
 * @category errors
 */
export class NameInUse extends Schema.TaggedError<NameInUse>("@ociman/containers/BackendError/NameInUse")(
  "NameInUse",
  {
    kind: Schema.Literal("container", "network", "volume"),
    /** The name that is taken. */
    resource: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `The ${this.kind} name "${this.resource}" is in use already; remove that ${this.kind}, or leave the name to this library.`
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
    /** Its id or name, as it was asked for. */
    resource: Schema.String,
    /** What the engine said. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const remedy = this.kind === "network" ? "disconnect or remove them" : "remove them"
    return `Containers use the ${this.kind} "${this.resource}"; ${remedy}, or remove it by force.${
      tail("The engine says", this.detail)
    }`
  }
}

/**
 * A network cannot have the addresses that it is to have.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubnetUnavailable
  extends Schema.TaggedError<SubnetUnavailable>("@ociman/containers/BackendError/SubnetUnavailable")(
    "SubnetUnavailable",
    {
      /** The name of the network. */
      network: Schema.String,
      /**
       * - `Overlap`: a subnet that was asked for has addresses of another network of the engine or of its machine.
       * - `Exhausted`: no subnet was asked for, and the engine has no free one left.
       */
      reason: Schema.Literal("Overlap", "Exhausted"),
      /** What the engine said. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    const what = this.reason === "Overlap"
      ? "a subnet overlaps one that is in use; ask for another, or for none and get a free one"
      : "the engine has no free subnet left; remove networks, or ask for a subnet of your own"
    return `Network "${this.network}" could not be made: ${what}.${tail("The engine says", this.detail)}`
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
       * - `InvalidName`: that is no host name.
       * - `UnknownHost`: there is no address of that name.
       * - `NoResolver`: the image has neither `getent` nor `nslookup`, and the container's `/etc/hosts` does not
       *   have the name.
       */
      reason: Schema.Literal("InvalidName", "UnknownHost", "NoResolver"),
      /** What the resolver said. */
      detail: Schema.String
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return `"${this.host}" has no address in container "${this.container}" (${this.reason}).${
      tail("The resolver says", this.detail)
    }`
  }
}

/**
 * The container does not publish the port that was asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class PortNotPublished
  extends Schema.TaggedError<PortNotPublished>("@ociman/containers/BackendError/PortNotPublished")(
    "PortNotPublished",
    {
      container: Schema.String,
      /** The port in the container with its protocol, such as `80/tcp`. */
      port: Schema.String,
      /** The ports that are published, in the same form. */
      published: Schema.Array(Schema.String),
      /** The state of the container; only a running one has its ports published. */
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
  /** The name of the container; absent if it is not known. */
  containerName: Schema.optionalWith(Schema.String, { exact: true }),
  /** The image of the container; absent if it is not known. */
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
    /** The name of the container that has the port; absent if none of this engine is known to have it. */
    holder: Schema.optionalWith(Schema.String, { exact: true }),
    /** Message of the engine; it names the address. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const holder = this.holder === undefined ? "" : ` by container "${this.holder}"`
    return `${nameOf(this)} cannot start: a host port that it publishes is taken${holder}.${
      tail("The engine says", this.detail)
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
     * - `NotExecutable`: the file is there and may not be executed.
     * - `Refused`: the engine or its runtime had another reason, see `detail`.
     */
    reason: Schema.Literal("CommandNotFound", "NotExecutable", "Refused"),
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `${nameOf(this)} could not be started (${this.reason}).${tail("The engine says", this.detail)}`
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
    /** Both ends of what the process wrote, as text. */
    stdout: Schema.String,
    stderr: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const end = memoryOf(this.exitCode, this.outOfMemory === true)
    return `A container of "${this.image}" ended with exit code ${this.exitCode}${signalOf(this.exitCode)}${end}.${
      tail("stderr", this.stderr)
    }${tail("stdout", this.stdout)}`
  }
}

/**
 * A command inside a container failed, or could not be run there.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExecFailed extends Schema.TaggedError<ExecFailed>("@ociman/containers/BackendError/ExecFailed")(
  "ExecFailed",
  {
    container: Schema.String,
    /** The command line, quoted for a shell, without what is secret in it. */
    command: Schema.String,
    /**
     * - `ExitCode`: the command ran and ended with `exitCode`.
     * - `CommandNotFound`: the container has no such executable.
     * - `NotExecutable`: the file is there and may not be executed.
     * - `ContainerNotRunning`: the container is stopped or paused, see `detail`.
     * - `Refused`: no such user or working directory, or another reason, see `detail`.
     */
    reason: Schema.Literal("ExitCode", "CommandNotFound", "NotExecutable", "ContainerNotRunning", "Refused"),
    exitCode: Schema.Number,
    /** Both ends of what the command wrote, as text. */
    stdout: Schema.String,
    stderr: Schema.String,
    /** What the engine said, or the state of the container. */
    detail: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const what = this.reason === "ExitCode"
      ? `ended with exit code ${this.exitCode}${signalOf(this.exitCode)}`
      : `could not be run (${this.reason})`
    return `${this.command} ${what} in container "${this.container}".${tail("Details", this.detail)}${
      tail("stderr", this.stderr)
    }${tail("stdout", this.stdout)}`
  }
}

/**
 * The engine refused or failed for a reason of its own.
 *
 * @since 0.1.0
 * @category errors
 */
export class EngineFailed extends Schema.TaggedError<EngineFailed>("@ociman/containers/BackendError/EngineFailed")(
  "EngineFailed",
  {
    engine: engineName,
    /** The operation, such as `Container.commit`. */
    operation: Schema.String,
    /**
     * - `Refused`: the engine said no, see `detail`.
     * - `Conflict`: the container or image is in a state, or in a use, that does not allow it.
     * - `TimedOut`: the engine did not answer in time.
     * - `UnexpectedAnswer`: the engine answered in a way that is not understood.
     * - `InvalidDefinition`: what was asked for cannot be said to this engine.
     * - `InputFailed`: what a process was to read could not be produced, see `cause`.
     * - `Unsupported`: this engine cannot do it as it is set up here, such as `Container.stats` on Podman without root
     *   and with the first version of control groups.
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
    return `${this.operation} failed on ${this.engine} (${this.reason}).${tail(speaker(this), this.detail)}`
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
 * A build failed, at one of its steps or before the first.
 *
 * @since 0.1.0
 * @category errors
 */
export class BuildFailed extends Schema.TaggedError<BuildFailed>("@ociman/containers/BackendError/BuildFailed")(
  "BuildFailed",
  {
    image: Schema.String,
    /** The step that failed, with its instruction; absent if it failed before the first one. */
    step: Schema.optionalWith(Step, { exact: true }),
    /** The exit code of the step's command, if that is what failed. */
    exitCode: Schema.optionalWith(Schema.Number, { exact: true }),
    /** The last lines that the builder and its steps have written. */
    output: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    const step = this.step === undefined ? "" : ` at step ${this.step}`
    const code = this.exitCode === undefined ? "" : ` (exit code ${this.exitCode}${signalOf(this.exitCode)})`
    return `Building "${this.image}" failed${step}${code}.${tail("Last output", this.output)}`
  }
}

/**
 * There is nothing at a path in a container, or the directory that something
 * is to be copied into is not there.
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
    /** The path in the container; for `UnsafeEntry` the entry as the container gave it. */
    path: Schema.String,
    /**
     * - `NotADirectory`: something is to be copied into what is no directory.
     * - `NotAFile`: what is to be read as a file is none.
     * - `InTheWay`: a directory is where a file is to be, or the other way round.
     * - `ReadOnly`: the container's file system, or a mount, must not be written to.
     * - `Unreachable`: it is in a memory file system, which the engine cannot copy into, or not before the start.
     * - `InvalidPath`: the path is not absolute, or names no file.
     * - `InvalidArchive`: the archive is damaged, or the content is not as long as was said.
     * - `UnsafeEntry`: what the container gave could do harm here: a name or link that leads out, or a device.
     * - `Unreadable`: what is to be copied could not be read on this machine, see `cause`.
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
    return `Copying failed at ${path} of container "${this.container}" (${this.reason}).${tail("Details", this.detail)}`
  }
}

/**
 * The client's settings name no endpoint.
 *
 * @since 0.1.0
 * @category errors
 */
export class EndpointError extends Schema.TaggedError<EndpointError>("@ociman/containers/BackendError/EndpointError")(
  "EndpointError",
  {
    engine: Schema.Literal("docker", "podman"),
    /**
     * - `ContextNotFound`: there is no context or connection of that name.
     * - `InvalidContext`: the file of a context cannot be read or understood.
     * - `InvalidHost`: what stands for a host is none, see `detail`.
     * - `InvalidConfig`: a configuration file cannot be read or understood.
     * - `TlsFileMissing`: TLS is on, and a file for it is not there.
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
    return `The settings of ${this.engine} name no endpoint (${this.reason}): ${this.detail}`
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
export type TransferError = ImageError | RegistryFailed

/**
 * What creating a container may fail with, the pull of its image included.
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
 * Errors of making a network.
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
 * Every error of this package, as a schema.
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
  RegistryFailed,
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
