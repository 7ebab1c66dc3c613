/**
 * What a running container uses of the engine's machine.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

/**
 * One sample. Podman gives exact numbers. Docker's client rounds: processor
 * time to a hundredth of a percent, sizes to three or four digits; what it
 * prints is taken as it stands, `1.5MiB` as 1,572,864 bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  /** The share of processor time since the last sample: 1 is one processor in full. */
  readonly cpu: number
  /** The processor time used since the container started; Docker's client does not say it. */
  readonly cpuTime: Option.Option<Duration.Duration>
  readonly memory: Memory
  /** Bytes over the container's own network interfaces since it started. */
  readonly network: { readonly received: number; readonly sent: number }
  /** Bytes from and to block devices since the container started. */
  readonly blockDevices: { readonly read: number; readonly written: number }
  /** How many processes there are, threads counted. */
  readonly processes: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Memory {
  /** Bytes, without the part of the page cache that can be given up. */
  readonly used: number
  /** Bytes: the limit of the container, or all there is on the engine's machine. */
  readonly limit: number
}
