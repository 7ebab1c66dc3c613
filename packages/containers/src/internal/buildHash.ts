import { ContentHash, type FileTree, Hasher } from "@ociman/oci"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { Settings } from "../Build.js"

type Hash = Effect.Effect<ContentHash.ContentHash, FileTree.FileTreeError, Hasher.Hasher>

/**
 * The hash of all that changes an image by itself. Not of what only counts for
 * what steps fetch (secrets, network, extra hosts), and not of what only counts
 * for how long a build takes.
 *
 * @internal
 */
export const buildHash = (build: Settings): Hash => {
  const { labels, platform, source, target } = build
  const options: ContentHash.Options = {
    buildArguments: Record.map(
      build.arguments,
      (value) => Redacted.isRedacted(value) ? Redacted.value(value) : value
    ),
    labels: Record.fromEntries(labels),
    platform,
    target
  }
  return source._tag === "Instructions"
    ? ContentHash.instructions(source.text, options)
    : ofDirectory(source.path, build.dockerfile, options)
}

const ofDirectory = (directory: string, dockerfile: string | undefined, options: ContentHash.Options): Hash => {
  if (dockerfile === undefined) return ContentHash.directory(directory, options)
  const inside = pathWithin(directory, dockerfile)
  return inside === undefined
    ? Hasher.Hasher.pipe(
      Effect.flatMap((hasher) =>
        hasher.content(/^(?:[/\\]|[A-Za-z]:)/.test(dockerfile) ? dockerfile : `${directory}/${dockerfile}`)
      ),
      Effect.flatMap((dockerfileContent) => ContentHash.directory(directory, { ...options, dockerfileContent }))
    )
    : ContentHash.directory(directory, { ...options, dockerfile: inside })
}

/**
 * Where a path lies within a directory, or nothing if it does not by what the
 * two paths say.
 */
const pathWithin = (directory: string, path: string): string | undefined => {
  const isAbsolute = /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)
  const parts = normalized(path)
  if (!isAbsolute) return parts[0] === ".." ? undefined : parts.join("/")
  const root = normalized(directory)
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(directory) && root.every((part, index) => part === parts[index])
    ? parts.slice(root.length).join("/")
    : undefined
}

const normalized = (path: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (const part of path.split(/[/\\]/)) {
    if (part === "" || part === ".") continue
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop()
    else parts.push(part)
  }
  return parts
}
