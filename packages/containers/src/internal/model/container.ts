import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as Reference from "@ociman/oci/Reference"
import type * as Tar from "@ociman/oci/Tar"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import type * as Stream from "effect/Stream"
import type * as BackendError from "../../BackendError.js"
import type * as ContainerId from "../../ContainerId.js"
import type * as ContainerInfo from "../../ContainerInfo.js"
import type * as ContainerName from "../../ContainerName.js"
import type * as Exec from "../../Exec.js"
import type * as ImageId from "../../ImageId.js"
import type * as Output from "../../Output.js"
import type { CommitOptions, LogOptions } from "./requests.js"

export const ContainerTypeId: unique symbol = Symbol.for("@ociman/containers/Container")

/**
 * Handle of a container.
 */
export interface Container extends Pipeable, Inspectable.Inspectable {
  readonly [ContainerTypeId]: typeof ContainerTypeId
  readonly id: ContainerId.ContainerId

  /** Runs a command and captures its output. Fails with `ExecFailed` on a non-zero exit code. */
  readonly exec: (exec: Exec.Exec) => Effect.Effect<Exec.Result, ExecError>
  /** Runs a command and streams its output. Fails at the end, as {@link exec}. */
  readonly execStream: (exec: Exec.Exec) => Stream.Stream<Output.Output, ExecError>
  /** Executes commands of `@effect/platform` in this container. */
  readonly executor: Layer.Layer<CommandExecutor.CommandExecutor>

  /** Starts the process if it is not running. */
  readonly start: Effect.Effect<void, BackendError.StartError>
  /** Sends the stop signal, and kills the process after the grace period. A stopped container is not an error. */
  readonly stop: (options?: StopOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Sends a signal. Default: `SIGKILL`. */
  readonly kill: (signal?: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restart: (options?: StopOptions) => Effect.Effect<void, BackendError.StartError>
  /** Freezes all processes. */
  readonly pause: Effect.Effect<void, BackendError.ContainerError>
  readonly unpause: Effect.Effect<void, BackendError.ContainerError>
  /** Removes the container with its anonymous volumes. */
  readonly remove: (options?: RemoveOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the process has ended, and returns its exit code. */
  readonly wait: Effect.Effect<number, BackendError.ContainerError>
  readonly rename: (
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>

  /**
   * Writes a file, text as UTF-8; the container need not run. Default: owned by root and readable by all. Missing
   * directories are created.
   */
  readonly writeFile: (
    path: string,
    content: string | Uint8Array,
    attributes?: Tar.Attributes
  ) => Effect.Effect<void, BackendError.CopyError>
  /** Reads a file; the container need not run. */
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, BackendError.CopyError>
  /** Streams the content of a file. */
  readonly readFileStream: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>
  /** Reads a file as UTF-8. */
  readonly readFileString: (path: string) => Effect.Effect<string, BackendError.CopyError>
  /** Unpacks a tar archive, such as one of `Tar.write`, into an existing directory. */
  readonly copyInTar: <E>(
    directory: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, BackendError.CopyError | E>
  /**
   * Streams a file or directory as a tar archive, for `Tar.read`. On Podman, all entries are owned by the user of the
   * container's process. The content is controlled by the container and may be malicious.
   */
  readonly copyOutTar: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>

  /** Current resource usage of the running container. */
  readonly stats: Effect.Effect<ContainerInfo.Stats, BackendError.ContainerError>
  /** Resource usage, about once a second until the container stops. */
  readonly statsStream: Stream.Stream<ContainerInfo.Stats, BackendError.ContainerError>
  /** Processes of the running container. */
  readonly processes: Effect.Effect<ReadonlyArray<ContainerInfo.ProcessInfo>, BackendError.ContainerError>

  readonly inspect: Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  readonly name: Effect.Effect<string, BackendError.ContainerError>
  /** Labels of the definition and the image, without those that this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.ContainerError>
  readonly state: Effect.Effect<ContainerInfo.ContainerState, BackendError.ContainerError>
  /** Output of the container's process. */
  readonly logs: (options?: LogOptions) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /** Returns the host address and port at which a port of the container is reachable from this process. */
  readonly address: (
    port: number,
    protocol?: "tcp" | "udp" | "sctp"
  ) => Effect.Effect<Address, BackendError.ContainerError | BackendError.PortNotPublished>
  /** Creates an image from the container's file system, without volumes and other mounts. Returns its id. */
  readonly commit: (
    image: Reference.Reference,
    options?: CommitOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.ContainerError>
}

/**
 * Errors of running a command in a container.
 */
export type ExecError = BackendError.ContainerError | BackendError.ExecFailed

/**
 * Host address and port at which a container port is reachable from this process. An IPv6 host has no brackets.
 */
export interface Address {
  readonly host: string
  readonly port: number
}

export interface StopOptions {
  /** Time between the stop signal and `SIGKILL`. Default: the definition's stop timeout, else 10 seconds. */
  readonly grace?: Duration.DurationInput | undefined
}

export interface RemoveOptions {
  /** If true, stops a running container first; otherwise fails if it runs. Default: false. */
  readonly force?: boolean | undefined
  /** If true, also removes its anonymous volumes. Default: true. */
  readonly volumes?: boolean | undefined
  /** Time between the stop signal and `SIGKILL`. Default: none, kills at once. */
  readonly grace?: Duration.DurationInput | undefined
}

export interface RunOptions {
  /** Standard input of the process. Default: none. */
  readonly stdin?: Exec.Stdin | undefined
  /** If true, does not fail on a non-zero exit code. Default: false, fails with `RunFailed`. */
  readonly allowNonZeroExit?: boolean | undefined
  /** Maximum size of each of stdout and stderr in the captured result, in bytes. Default: 16 MiB. */
  readonly outputLimit?: number | undefined
}
