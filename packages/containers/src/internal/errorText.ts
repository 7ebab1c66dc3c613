/** Parts of the sentences that errors say. */

const longestTail = 4096

/**
 * The end of what somebody else said, under a title; nothing if that was nothing.
 *
 * @internal
 */
export const tail = (title: string, text: string) => {
  const trimmed = text.trimEnd()
  const omitted = trimmed.length - longestTail
  const end = omitted > 0 ? `[${omitted} characters before this]\n${trimmed.slice(-longestTail)}` : trimmed
  return end.trim() === "" ? "" : `\n${title}:\n${end}`
}

/**
 * Why an engine was not reached, and what to look at.
 *
 * @internal
 */
export const advice = {
  NotInstalled: "not installed, or not on PATH",
  DaemonDown: "does not answer; is the engine running?",
  PermissionDenied: "permission denied; may this user use the engine?",
  UnexpectedAnswer: "answered in a way that is not understood"
} as const

/**
 * What a registry did instead of a pull or a push.
 *
 * @internal
 */
export const refusals = {
  Unauthorized: "asks for credentials, or does not accept the ones given",
  Denied: "denies access, or does not have it",
  Unreachable: "cannot be reached",
  TooManyRequests: "has had too many requests"
} as const

/**
 * The signal that ended a process, by the exit code that shells make of it.
 *
 * @internal
 */
export const signalOf = (exitCode: number) => exitCode > 128 && exitCode < 160 ? ` (signal ${exitCode - 128})` : ""
