import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import type * as FileTree from "@ociman/oci/author/FileTree"
import * as ContentHash from "@ociman/oci/ContentHash"
import * as Hasher from "@ociman/oci/Hasher"
import * as Arr from "effect/Array"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { toTextWithoutBom } from "../values/bytes.js"
import type { BuildRequest } from "./requests.js"

/** Errors of hashing the inputs of a build. */
export type HashError = FileTree.FileTreeError | DockerIgnore.InvalidPattern

type Hash = Effect.Effect<ContentHash.ContentHash, HashError, Hasher.Hasher>

/**
 * Hashes the fields of a build that determine the image. Excludes fields that only affect the data that steps fetch
 * (secrets, network, extra hosts) or the duration of the build.
 *
 * @internal
 */
export const buildHash = (build: Omit<BuildRequest, "image">): Hash => {
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
    const inside = dockerfile === undefined ? undefined : relativePath(directory, dockerfile)
    const isOutside = dockerfile !== undefined && inside === undefined
    const outside = isOutside ? yield* hasher.content(resolvePath(directory, dockerfile)) : undefined
    const ignored = yield* ignoreFiles(hasher, directory, inside ?? "Dockerfile")
    return yield* ContentHash.directory(directory, {
      ...options,
      dockerfile: inside,
      dockerfileContent: outside,
      include: includeFilter(ignored, inside === undefined ? defaultDockerfiles : [inside])
    })
  })

const defaultDockerfiles = ["Dockerfile", "Containerfile", "dockerfile"]

/**
 * Selects the files that are part of the build on any builder: the tag is the same on every engine, and so must depend
 * on all files that one of them would use. A Dockerfile is included even if it is ignored, and so are its parent
 * directories.
 */
const includeFilter = (
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
 * Reads the ignore files: Docker's classic builder supports only `.dockerignore`, BuildKit prefers one that is named
 * after the Dockerfile, and Podman `.containerignore`. A builder without an ignore file ignores nothing, so nothing is
 * ignored if there are only files that not every builder supports.
 */
const ignoreFiles = Effect.fnUntraced(
  function*(hasher: Context.Tag.Service<typeof Hasher.Hasher>, directory: string, dockerfile: string) {
    const general = yield* ignoreFile(hasher, directory, ".dockerignore")
    if (Option.isNone(general)) return []
    const others = [".containerignore", `${dockerfile}.dockerignore`, `${dockerfile}.containerignore`]
    const found = yield* Effect.forEach(others, (path) => ignoreFile(hasher, directory, path))
    return [general.value, ...Arr.getSomes(found)]
  }
)

const ignoreFile = Effect.fnUntraced(
  function*(hasher: Context.Tag.Service<typeof Hasher.Hasher>, directory: string, path: string) {
    const isFile = (other: string, type: FileTree.EntryType) =>
      type === "Directory" ? path.startsWith(`${other}/`) : other === path
    const entry = yield* Stream.runHead(hasher.tree(directory, { include: isFile }))
    if (Option.isNone(entry)) return Option.none<DockerIgnore.DockerIgnore>()
    const file = `${directory}/${path}`
    const text = toTextWithoutBom(yield* hasher.content(file))
    return Option.some(
      yield* Either.mapLeft(
        DockerIgnore.fromText(text),
        ({ pattern, reason }) => new DockerIgnore.InvalidPattern({ file, pattern, reason })
      )
    )
  }
)

const isAbsolute = (path: string) => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)

const resolvePath = (directory: string, path: string) => isAbsolute(path) ? path : `${directory}/${path}`

/**
 * Returns the path relative to a directory; `undefined` if it is lexically outside.
 */
const relativePath = (directory: string, path: string): string | undefined => {
  const parts = normalizedParts(path)
  if (!isAbsolute(path)) return parts[0] === ".." ? undefined : parts.join("/")
  const root = normalizedParts(directory)
  return isAbsolute(directory) && root.every((part, index) => part === parts[index])
    ? parts.slice(root.length).join("/")
    : undefined
}

const normalizedParts = (path: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (const part of path.split(/[/\\]/)) {
    if (part === "" || part === ".") continue
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop()
    else parts.push(part)
  }
  return parts
}
