/** Parts of the sentences that errors say. */
import * as CommandFailed from "@ociman/process/CommandFailed"

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
 * The part that memory has in the end of a process: reported by the engine, or
 * possible by its exit code.
 *
 * @internal
 */
export const memoryOf = (exitCode: number, outOfMemory: boolean) => {
  if (outOfMemory) return ", since it ran out of memory; raise its limit (Definition.memory) or use less"
  return exitCode === 137 ? ", as a process does that exceeds its memory limit" : ""
}

/**
 * Name and image of a container in front of its id, if they are known.
 *
 * @internal
 */
export const nameOf = (
  { container, containerName, image }: {
    readonly container: string
    readonly containerName?: string
    readonly image?: string
  }
) => {
  const known = [...(image === undefined ? [] : [`image "${image}"`]), `id ${container.slice(0, 12)}`]
  return containerName === undefined ? `Container "${container}"` : `Container "${containerName}" (${known.join(", ")})`
}

/**
 * The title of the details of a failure: the engine's own words, if it refused
 * with any.
 *
 * @internal
 */
export const speaker = (
  { cause, reason }: { readonly reason: string; readonly cause?: unknown }
): "The engine says" | "Details" => {
  if (reason !== "Refused" && reason !== "Conflict") return "Details"
  const isSilent = cause instanceof CommandFailed.CommandFailed
    ? `${cause.stderr}${cause.stdout}`.trim() === ""
    : cause !== undefined
  return isSilent ? "Details" : "The engine says"
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
