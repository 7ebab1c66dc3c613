/**
 * Processes of a container, as listed by its engine.
 *
 * @since 0.1.0
 */

/**
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
