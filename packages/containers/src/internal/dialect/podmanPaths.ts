import type { ContainerInfo } from "../../ContainerInfo.js"
import * as containerPath from "../values/containerPath.js"
import { mountTargets } from "./mounts.js"

/**
 * Prefix of a path that Podman's `cp` takes literally. It follows the links in a
 * path as plain text and then matches the result as a pattern of Go's
 * `filepath.Match`: `/a?` reads `/a1` too, and `/[slug]` is not found, even
 * through a link. Therefore a path to read is written as a pattern that matches
 * only itself and that differs from the name of every link. Patterns are matched
 * below a mount, whose own path is plain text unless the container runs.
 */
const literalPrefix = (info: ContainerInfo, path: string): string =>
  info.state.status === "running" ? "" : mountTargets(info)
    .filter((target) => target !== "/" && containerPath.isWithin(path, target))
    .reduce((longest, target) => target.length > longest.length ? target : longest, "")

/**
 * Paths to read, in the order in which to try them. Below a mount of a container
 * that does not run, links are followed in plain text only.
 *
 * @internal
 */
export const toRead = (info: ContainerInfo, path: string): readonly [string, ...ReadonlyArray<string>] => {
  const plain = literalPrefix(info, path)
  const pattern = `${plain}${path.slice(plain.length).split("/").map(toPattern).join("/")}`
  return plain === "" || plain === path || isPattern(path.slice(plain.length)) ? [pattern] : [pattern, path]
}

/**
 * Directory to write to, and the names below it. Podman looks up a directory by
 * pattern, but writes to it by plain text, so the directory ends before the first
 * name with special characters.
 *
 * @internal
 */
export const toWrite = (info: ContainerInfo, path: string): { readonly directory: string; readonly below: string } => {
  const plain = literalPrefix(info, path)
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

// Podman rejects a path that contains an asterisk, so this class excludes all other characters.
const asterisk = "[^\u0001-)+-\u{10FFFF}]"
