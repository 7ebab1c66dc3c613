/**
 * Output kept within bounds: all of a short one, head and tail of a long one.
 *
 * @since 0.1.0
 */
export * as Captured from "./Captured.js"

/**
 * The error of a child process that did not do what it was run for.
 *
 * @since 0.1.0
 */
export * as CommandFailed from "./CommandFailed.js"

/**
 * Keeping secrets out of texts that are shown.
 *
 * @since 0.1.0
 */
export * as Redaction from "./Redaction.js"

/**
 * Child processes of the platform's `Command`, run to their end.
 *
 * @since 0.1.0
 */
export * as Subprocess from "./Subprocess.js"
