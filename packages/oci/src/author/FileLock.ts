/**
 * Lock between processes, for a file that several programs change.
 *
 * @since 0.1.0
 */
export {
  /**
   * Acquires a lock, a file at the path in an existing directory, until the Scope closes. Waits at most 2 minutes for
   * another holder, and takes over the lock of a process that has ended. Fails with `Locked` after the wait, and with
   * `Unwritable` if the file cannot be created.
   *
   * @since 0.1.0
   * @category constructors
   */
  acquire,
  /**
   * Acquired lock. A process that was suspended for long may have lost it, so check `isHeld` right before the protected
   * change.
   *
   * @since 0.1.0
   * @category models
   */
  type FileLock
} from "../internal/files/fileLock.js"
