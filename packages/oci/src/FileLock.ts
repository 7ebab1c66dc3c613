/**
 * A lock between processes, for a file that several programs change.
 *
 * @since 0.1.0
 */
export {
  /**
   * Holds a lock, which is a file of that path in a directory that is there, until the Scope closes. It waits for who
   * holds it, for 2 minutes at most, and takes over the lock of a process that has ended. It fails with `Locked` if
   * that took too long, and with `Unwritable` if there can be no such file.
   *
   * @since 0.1.0
   * @category constructors
   */
  acquire,
  /**
   * A lock that is held. Who was suspended for long may have lost it, so ask `isHeld` right before doing what it is
   * for.
   *
   * @since 0.1.0
   * @category models
   */
  type FileLock
} from "./internal/fileLock.js"
