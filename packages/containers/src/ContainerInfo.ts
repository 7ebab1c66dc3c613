/**
 * Properties, processes and resource usage of a container, as reported by its engine.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as ContainerId from "./ContainerId.js"
import type * as ImageId from "./ImageId.js"

/**
 * State of a container. Podman's `configured` and `initialized` are decoded as `created`, its `stopped` as `exited`.
 *
 * @since 0.1.0
 * @category models
 */
export const Status = Schema.Literal(
  "created",
  "running",
  "paused",
  "restarting",
  "stopping",
  "removing",
  "exited",
  "dead",
  "unknown"
)

/**
 * @since 0.1.0
 * @category models
 */
export type Status = typeof Status.Type

/**
 * Port of the container that is published on the engine's machine.
 *
 * @since 0.1.0
 * @category models
 */
export interface PublishedPort {
  readonly containerPort: number
  readonly protocol: string
  /** Host address; empty for all addresses. */
  readonly hostIp: string
  readonly hostPort: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ContainerState {
  readonly status: Status
  /** If true, the container has a process, which may be paused. */
  readonly running: boolean
  /** Exit code of the last run; 0 before the first one has ended, and while the container runs. */
  readonly exitCode: number
  readonly outOfMemory: boolean
  /** Error message of the engine; usually empty. */
  readonly error: string
  readonly startedAt: Option.Option<DateTime.Utc>
  readonly finishedAt: Option.Option<DateTime.Utc>
  /**
   * `starting`, `healthy` or `unhealthy`; `None` without a health check. On Podman without systemd it stays `starting`.
   */
  readonly health: Option.Option<string>
}

/**
 * Properties of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerInfo {
  readonly id: ContainerId.ContainerId
  readonly name: string
  /** Name of the image, as reported by the engine. */
  readonly image: string
  readonly imageId: ImageId.ImageId
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** Published ports; empty while the container does not run. */
  readonly ports: ReadonlyArray<PublishedPort>
  /** Address of the container by the name of each network it is connected to. */
  readonly addresses: Readonly<Record<string, string>>
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}

/**
 * Process of a container, as listed by its engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessInfo {
  /** Process id on the engine's machine, not the one in the container. */
  readonly pid: number
  /** Name or uid. Docker takes the name from the engine's machine, Podman from the container. */
  readonly user: string
  /** Executable and arguments, separated by spaces. */
  readonly command: string
}

/**
 * Sample of the resource usage. Podman reports exact numbers. Docker's client rounds processor time to a hundredth of a
 * percent, and sizes to three or four digits, which are parsed as printed: `1.5MiB` is 1,572,864 bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  /** Processor usage since the last sample; 1 is one full processor. */
  readonly cpu: number
  /** Processor time since the container started; `None` with Docker's client. */
  readonly cpuTime: Option.Option<Duration.Duration>
  readonly memory: MemoryStats
  /** Bytes through the container's network interfaces since it started. */
  readonly network: { readonly received: number; readonly sent: number }
  /** Bytes read from and written to block devices since the container started. */
  readonly blockDevices: { readonly read: number; readonly written: number }
  /** Number of processes, including threads. */
  readonly processes: number
}

/**
 * Memory usage of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemoryStats {
  /** Memory in use in bytes, without the reclaimable page cache. */
  readonly used: number
  /** Memory limit of the container in bytes, or the memory of the engine's machine. */
  readonly limit: number
}
