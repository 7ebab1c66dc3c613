/**
 * Identity of processes, to tell whether the process that created a resource has ended.
 *
 * @since 0.1.0
 */
export {
  /**
   * Gets the identity of this process. None on systems without `/proc`.
   *
   * @since 0.1.0
   * @category constructors
   */
  current,
  /**
   * Reports whether a process has ended. None if this cannot be determined here, for example for a process of another
   * machine.
   *
   * @since 0.1.0
   * @category getters
   */
  hasEnded,
  /**
   * Identity of a process: the boot of its machine, its process and time namespaces, its number, and its start time.
   *
   * @since 0.1.0
   * @category schemas
   */
  ProcessIdentity,
  /**
   * File system operations that read `/proc`, for example `FileSystem`.
   *
   * @since 0.1.0
   * @category models
   */
  type ProcReader
} from "../internal/files/processIdentity.js"
