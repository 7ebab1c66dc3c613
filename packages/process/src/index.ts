/**
 * Bounded capture of output: all of a short output, head and tail of a long one.
 *
 * @since 0.1.0
 */
export * as Captured from "./Captured.js"

/**
 * Error of a child process that failed to start or to succeed.
 *
 * @since 0.1.0
 */
export * as CommandFailed from "./CommandFailed.js"

/**
 * Runs child processes of the platform's `Command`: output is read while the process runs, input is explicit, an
 * unaccepted exit is an error, and the process does not outlive its scope.
 *
 * @since 0.1.0
 */
export * as Subprocess from "./Subprocess.js"
