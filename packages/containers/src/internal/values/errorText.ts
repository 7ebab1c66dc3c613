/** Parts of error messages. */
import * as CommandFailed from "@ociman/process/CommandFailed"

const longestTail = 4096

/**
 * Formats the end of quoted output under a title; empty if the output is blank.
 *
 * @internal
 */
export const section = (title: string, text: string) => {
  const trimmed = text.trimEnd()
  const omitted = trimmed.length - longestTail
  const end = omitted > 0 ? `[${omitted} characters before this]\n${trimmed.slice(-longestTail)}` : trimmed
  return end.trim() === "" ? "" : `\n${title}:\n${end}`
}

/**
 * Explains the exit of a process by its memory limit, if the engine reports it, or the exit code suggests it.
 *
 * @internal
 */
export const memoryText = (exitCode: number, outOfMemory: boolean) => {
  if (outOfMemory) return ", since it ran out of memory; raise its limit (Definition.memory) or use less"
  return exitCode === 137 ? ", possibly since it exceeded its memory limit" : ""
}

/**
 * Describes a container by its name and image, if known, and its id.
 *
 * @internal
 */
export const describeContainer = (
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
 * Title of the details of a failure: "The engine says" if they quote the engine.
 *
 * @internal
 */
export const detailTitle = (
  { cause, reason }: { readonly reason: string; readonly cause?: unknown }
): "The engine says" | "Details" => {
  if (reason !== "Refused" && reason !== "Conflict") return "Details"
  const isSilent = cause instanceof CommandFailed.CommandFailed
    ? `${cause.stderr}${cause.stdout}`.trim() === ""
    : cause !== undefined
  return isSilent ? "Details" : "The engine says"
}

/**
 * Explanations of why an engine was not reached.
 *
 * @internal
 */
export const probeReasons = {
  NotInstalled: "not installed, or not on PATH",
  DaemonDown: "does not answer; is the engine running?",
  PermissionDenied: "permission denied; may this user use the engine?",
  UnexpectedAnswer: "gave an answer that could not be decoded"
} as const

/**
 * Explanations of a registry's refusal of a pull or a push.
 *
 * @internal
 */
export const refusalTexts = {
  Unauthorized: "requires authentication, or rejects the credentials",
  Denied: "denies access, or does not have the image",
  Unreachable: "cannot be reached",
  TooManyRequests: "received too many requests"
} as const

/**
 * Formats the signal that ended a process, by the exit code that encodes it.
 *
 * @internal
 */
export const signalText = (exitCode: number) => exitCode > 128 && exitCode < 160 ? ` (signal ${exitCode - 128})` : ""
