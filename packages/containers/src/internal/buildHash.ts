import { ContentHash, Hasher } from "@ociman/oci"
import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import type * as FileTree from "@ociman/oci/author/FileTree"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { HashError, Settings } from "../Build.js"

// Every runtime has the Encoding API, but the compiler knows it only from the DOM or from Node.
declare const TextDecoder: new(label?: string, options?: { readonly ignoreBOM: boolean }) => {
  readonly decode: (bytes: Uint8Array) => string
}

type Hash = Effect.Effect<ContentHash.ContentHash, HashError, Hasher.Hasher>

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

const ofDirectory = (directory: string, dockerfile: string | undefined, options: ContentHash.Options): Hash =>
  Effect.gen(function*() {
    const hasher = yield* Hasher.Hasher
    const inside = dockerfile === undefined ? undefined : pathWithin(directory, dockerfile)
    const isOutside = dockerfile !== undefined && inside === undefined
    const outside = isOutside ? yield* hasher.content(located(directory, dockerfile)) : undefined
    const ignored = yield* ignoreFiles(hasher, directory, inside ?? "Dockerfile")
    return yield* ContentHash.directory(directory, {
      ...options,
      dockerfile: inside,
      dockerfileContent: outside,
      include: including(ignored, inside === undefined ? usualDockerfiles : [inside])
    })
  })

const usualDockerfiles = ["Dockerfile", "Containerfile", "dockerfile"]

/**
 * What is part of a build by any builder's rules: the tag is the same on every
 * engine, so that it has to tell apart what any of them would. A Dockerfile
 * counts although it is ignored, and so do the directories that it is in.
 */
const including = (
  ignored: ReadonlyArray<DockerIgnore.DockerIgnore>,
  dockerfiles: ReadonlyArray<string>
): FileTree.Options["include"] => {
  if (ignored.length === 0) return undefined
  const rules = ignored.map(DockerIgnore.include)
  return (path, type) =>
    rules.some((include) => include(path, type)) ||
    dockerfiles.some((dockerfile) => path === dockerfile || dockerfile.startsWith(`${path}/`))
}

/**
 * The ignore files by which builders go: Docker's classic one knows only
 * `.dockerignore`, BuildKit prefers one that is named after the Dockerfile, and
 * Podman `.containerignore`. A builder that finds none ignores nothing, so that
 * nothing is ignored where there are only such that not every builder knows.
 */
const ignoreFiles = Effect.fnUntraced(function*(hasher: Hasher.Hasher["Type"], directory: string, dockerfile: string) {
  const general = yield* ignoreFile(hasher, directory, ".dockerignore")
  if (Option.isNone(general)) return []
  const others = [".containerignore", `${dockerfile}.dockerignore`, `${dockerfile}.containerignore`]
  const found = yield* Effect.forEach(others, (path) => ignoreFile(hasher, directory, path))
  return [general.value, ...Arr.getSomes(found)]
})

const ignoreFile = Effect.fnUntraced(function*(hasher: Hasher.Hasher["Type"], directory: string, path: string) {
  const isFile = (other: string, type: FileTree.EntryType) =>
    type === "Directory" ? path.startsWith(`${other}/`) : other === path
  const entry = yield* Stream.runHead(hasher.tree(directory, { include: isFile }))
  if (Option.isNone(entry)) return Option.none<DockerIgnore.DockerIgnore>()
  const file = `${directory}/${path}`
  const text = new TextDecoder().decode(yield* hasher.content(file))
  return Option.some(
    yield* Either.mapLeft(
      DockerIgnore.fromText(text),
      ({ pattern, reason }) => new DockerIgnore.InvalidPattern({ file, pattern, reason })
    )
  )
})

const isAbsolute = (path: string) => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)

const located = (directory: string, path: string) => isAbsolute(path) ? path : `${directory}/${path}`

/**
 * Where a path lies within a directory, or nothing if it does not by what the
 * two paths say.
 */
const pathWithin = (directory: string, path: string): string | undefined => {
  const parts = normalized(path)
  if (!isAbsolute(path)) return parts[0] === ".." ? undefined : parts.join("/")
  const root = normalized(directory)
  return isAbsolute(directory) && root.every((part, index) => part === parts[index])
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
