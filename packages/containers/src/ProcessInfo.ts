/**
 * The processes of a container, as its engine lists them.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface ProcessInfo {
  /** The number that the process has on the engine's machine, not the one it has in the container. */
  readonly pid: number
  /** A name or a uid. Docker takes the name from the engine's machine, Podman from the container. */
  readonly user: string
  /** The executable and its arguments, separated by blanks. */
  readonly command: string
}
