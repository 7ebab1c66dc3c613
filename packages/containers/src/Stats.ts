/**
 * Resource usage of a running container.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

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
  readonly memory: Memory
  /** Bytes through the container's network interfaces since it started. */
  readonly network: { readonly received: number; readonly sent: number }
  /** Bytes read from and written to block devices since the container started. */
  readonly blockDevices: { readonly read: number; readonly written: number }
  /** Number of processes, including threads. */
  readonly processes: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Memory {
  /** Memory in use in bytes, without the reclaimable page cache. */
  readonly used: number
  /** Memory limit of the container in bytes, or the memory of the engine's machine. */
  readonly limit: number
}
