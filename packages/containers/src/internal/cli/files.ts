import * as Tar from "@ociman/oci/Tar"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type CopyError, type CopyFailed, PathNotFound } from "../../BackendError.js"
import type { ContainerInfo } from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import { invalidArchive } from "../contract/invalidArchive.js"
import { matches } from "../dialect/messages.js"
import * as mounts from "../dialect/mounts.js"
import * as podmanPaths from "../dialect/podmanPaths.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import * as containerPath from "../values/containerPath.js"
import { transferTimeout } from "./client.js"
import { inspect } from "./containerCommands.js"
import type { Context } from "./context.js"
import { copyFailed, copyOutOf, firstEntry, followLinks, known, linkTarget } from "./fileReads.js"
import { isChanged, replayable } from "./replayable.js"
import { retryOn } from "./retry.js"

/** @internal */
export const files = (context: Context): Files => ({
  copyInto: (container, path, archive) => copyInto(context, container, path, archive),
  copyOutOf: copyOutOf(context)
})

const copyInto = <E>(
  context: Context,
  container: string,
  path: string,
  archive: Stream.Stream<Uint8Array, E>
): Effect.Effect<void, CopyError | E> =>
  Effect.scoped(Effect.gen(function*() {
    const info = yield* inspect(context)(container)
    yield* checkReachable(context, info, path)
    const variables = yield* temporaryVariables(context)
    const target = yield* copyTarget<E | CopyFailed>(context, info, path, archive)
    const { canReplay, stream } = replayable(target.archive)
    yield* context.client.feed(
      ["container", "cp", ...ownerArguments(context.engine), "--", "-", `${info.id}:${target.directory}`],
      stream,
      { variables, timeout: transferTimeout }
    ).pipe(
      retryOn("rootHidden", canReplay),
      Effect.catchAll((error): Effect.Effect<never, CopyError | E> => {
        if (error._tag === "CommandFailed") return explainCopy(context, container, path, error)
        return isChanged(error.error) ? new PathNotFound({ container, path }) : Effect.fail(error.error)
      })
    )
  }))

const checkReachable = (context: Context, info: ContainerInfo, path: string): Effect.Effect<void, CopyError> =>
  Effect.gen(function*() {
    const { engine } = context
    // Each step along a path is a run of the client, so links are followed only if a memory file system may hide it.
    const followed = engine.name === "docker" && mounts.hasMemoryFileSystems(info)
      ? yield* followLinks(context, info.id, path)
      : path
    const hiding = mounts.hidingFileSystem(engine, info, followed)
    if (hiding === undefined) return
    return yield* copyFailed(info.id, path, "Unreachable")(
      `${hiding} is a file system in memory, which ${engine.name} cannot copy into${
        engine.name === "podman" && !containerPath.kernelFileSystems.includes(hiding)
          ? " before the container runs"
          : ""
      }; write there by a command in the container`
    )
  })

/**
 * Destination and archive of a copy. A directory that Podman cannot address is
 * reached through one above it, with the missing names added to the archive. It
 * must exist, since the copy would create it.
 */
const copyTarget = <E>(
  context: Context,
  info: ContainerInfo,
  path: string,
  archive: Stream.Stream<Uint8Array, E>
): Effect.Effect<
  { readonly directory: string; readonly archive: Stream.Stream<Uint8Array, E | CopyFailed> },
  CopyError
> =>
  Effect.gen(function*() {
    const { below, directory } = context.engine.name === "podman"
      ? podmanPaths.toWrite(info, path)
      : { directory: path, below: "" }
    if (below === "") return { directory, archive }
    const entry = yield* firstEntry(info.id, path, copyOutOf(context)(info.id, path))
    if (Option.exists(entry, ({ type }) => type !== "Directory")) {
      return yield* copyFailed(info.id, path, "NotADirectory")(`"${path}" is not a directory`)
    }
    return { directory, archive: withPrefix(info.id, path, below, archive) }
  })

const explainCopy = (context: Context, container: string, path: string, error: CommandFailed.CommandFailed) =>
  matches(error.stderr, "destinationIsNoDirectory")
    ? explainNoDirectory(context, container, path, error.stderr.trim())
    : context.explain("Container.copyIn")(...known(container, path))(error)

/** Distinguishes a missing path, a file, and a dangling link, which engines report in the same words. */
const explainNoDirectory = (
  context: Context,
  container: string,
  path: string,
  detail: string
): Effect.Effect<never, CopyError> =>
  Stream.runDrain(Stream.take(copyOutOf(context)(container, path), 1)).pipe(
    Effect.zipRight(copyFailed(container, path, "NotADirectory")(detail)),
    Effect.catchTag("PathNotFound", (error) =>
      Effect.flatMap(
        linkTarget(context, container, path),
        (target): Effect.Effect<never, CopyError> =>
          Option.isNone(target)
            ? error
            : copyFailed(container, path, "InTheWay")(`it is a link to "${target.value}", which does not exist`)
      ))
  )

/** Prepends a path to the names of an archive, so that it can be unpacked into a directory above its own. */
const withPrefix = <E>(container: string, path: string, prefix: string, archive: Stream.Stream<Uint8Array, E>) => {
  // A name with `..` cannot lead out of the directory.
  const below = (name: string) =>
    `${prefix}${
      Option.match(containerPath.normalize(`/${name}`), { onNone: () => `/${name}`, onSome: (path) => path })
    }`
      .replace(/\/$/, "")
  return Tar.read(archive).pipe(
    Stream.map((entry) => ({
      ...entry,
      path: below(entry.path),
      target: entry.type === "Link" ? below(entry.target) : entry.target
    })),
    Tar.write,
    Stream.mapError((error) => error instanceof Tar.TarError ? invalidArchive(container, path, error) : error)
  )
}

// By default, Podman changes the owner of all files to the user of the container's process.
const ownerArguments = ({ transport: { apiVersion, client } }: Engine.Engine<Engine.Cli>) =>
  client === "podman" && Engine.isAtLeast(apiVersion, 4) ? ["--archive=false"] : []

// Podman spools its input to a temporary file, which it does not remove.
const temporaryVariables = (context: Context) =>
  context.engine.transport.client === "podman"
    ? temporaryDirectory(context, "copy").pipe(
      Effect.map((TMPDIR): Readonly<Record<string, string>> => ({ TMPDIR })),
      Effect.orElseSucceed((): Readonly<Record<string, string>> => ({}))
    )
    : Effect.succeed<Readonly<Record<string, string>>>({})
