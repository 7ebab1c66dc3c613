import type { ContainerInfo } from "../../ContainerInfo.js"
import * as containerPath from "../values/containerPath.js"
import { mountTargets } from "./mounts.js"

/**
 * Paths for Podman's `cp`, which follows the links in a path as plain text and
 * then matches the result as a pattern of Go's `filepath.Match`. Reading `/a?`
 * gives `/a1` too, and `/[slug]` is not found, also if a link leads there. So a
 * path to read is written as a pattern that matches nothing else, and that no
 * link's name is equal to. Patterns are matched below a mount, whose own path is
 * plain text unless the container runs.
 */
const plainPart = (info: ContainerInfo, path: string): string =>
  info.state.status === "running" ? "" : mountTargets(info)
    .filter((target) => target !== "/" && containerPath.isWithin(path, target))
    .reduce((longest, target) => target.length > longest.length ? target : longest, "")

/**
 * The paths by which to read, in the order in which to try them. Below a mount
 * of a container that does not run, a link is followed in plain text only.
 *
 * @internal
 */
export const toRead = (info: ContainerInfo, path: string): readonly [string, ...ReadonlyArray<string>] => {
  const plain = plainPart(info, path)
  const pattern = `${plain}${path.slice(plain.length).split("/").map(toPattern).join("/")}`
  return plain === "" || plain === path || isPattern(path.slice(plain.length)) ? [pattern] : [pattern, path]
}

/**
 * The directory to write to instead, and the names below it: where a directory
 * is found as a pattern too, but is written to as plain text.
 *
 * @internal
 */
export const toWrite = (info: ContainerInfo, path: string): { readonly directory: string; readonly below: string } => {
  const plain = plainPart(info, path)
  const parts = path.slice(plain.length).split("/").filter((part) => part !== "")
  const first = parts.findIndex(isPattern)
  return first === -1
    ? { directory: path, below: "" }
    : { directory: [plain, ...parts.slice(0, first)].join("/") || "/", below: parts.slice(first).join("/") }
}

const isPattern = (text: string) => /[*?[\\]/.test(text)

const toPattern = (part: string) =>
  Array.from(part, (char, index) => char === "*" ? asterisk : index === 0 || isPattern(char) ? `\\${char}` : char).join(
    ""
  )

// Podman refuses a path with an asterisk in it, so this excludes all other characters.
const asterisk = "[^\u0001-)+-\u{10FFFF}]"
