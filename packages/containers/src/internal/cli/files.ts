import * as Tar from "@ociman/oci/Tar"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type ContainerNotFound, type CopyError, CopyFailed, PathNotFound } from "../../BackendError.js"
import type { ContainerInfo } from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import { invalidArchive } from "../contract/invalidArchive.js"
import { says } from "../dialect/messages.js"
import * as mounts from "../dialect/mounts.js"
import * as podmanPaths from "../dialect/podmanPaths.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import * as containerPath from "../values/containerPath.js"
import { lettingEnd } from "./awaitExit.js"
import { transferLimit } from "./client.js"
import { containers } from "./containers.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { isChanged, replayable } from "./replayable.js"
import { again } from "./retry.js"

type Known = ContainerNotFound | CopyFailed | PathNotFound

/** @internal */
export const files = (context: Context): Files => {
  const { client, engine, explain } = context
  const { inspect: inspectContainer } = containers(context)

  const copyFailed = (container: string, path: string, reason: CopyFailed["reason"]) => (detail: string) =>
    new CopyFailed({ container, path, reason, detail })

  const known = (container: string, path: string): ReadonlyArray<failures.Known<Known>> => [
    { condition: "pathNotFound", error: () => new PathNotFound({ container, path }) },
    { condition: "readOnly", error: copyFailed(container, path, "ReadOnly") },
    { condition: "inTheWay", error: copyFailed(container, path, "InTheWay") },
    { condition: "mountedOver", error: copyFailed(container, path, "Unreachable") },
    { condition: "invalidArchive", error: copyFailed(container, path, "InvalidArchive") },
    failures.noSuchContainer(container)
  ]

  // A process of Podman before version 4.8 that is killed leaves what it has mounted to the others, from whom it then
  // hides what they mount (https://github.com/containers/storage/pull/1724).
  const ending = hidesMounts(engine) ? lettingEnd : identity

  const readOut = (container: string, path: string, argument = path): Stream.Stream<Uint8Array, CopyError> =>
    ending(client.stdout([
      "container",
      "cp",
      // Podman follows a link always.
      ...(engine.transport.client === "docker" ? ["--follow-link"] : []),
      "--",
      `${container}:${argument}`,
      "-"
    ], { timeout: transferLimit })).pipe(
      Stream.catchAll((error) => Stream.fromEffect(explain("Container.copyOut")(...known(container, path))(error)))
    )

  // Podman before version 4.8 says it of what is there in a container that does not run, and whose file system is
  // hidden. Nothing has been read by then.
  const readFromPodman = (info: ContainerInfo, path: string) => {
    const [first, ...others] = podmanPaths.toRead(info, path)
    const isHidden = hidesMounts(engine) && info.state.status !== "running"
    return [...(isHidden ? [first] : []), ...others].reduce(
      (found, next) => Stream.catchTag(found, "PathNotFound", () => readOut(info.id, path, next)),
      readOut(info.id, path, first)
    )
  }

  // Docker's older client says it of a container that is not there, too.
  const copyOutOf: Files["copyOutOf"] = (container, path) =>
    engine.name === "podman"
      ? Stream.unwrap(Effect.map(inspectContainer(container), (info) => readFromPodman(info, path)))
      : Stream.catchTag(
        readOut(container, path),
        "PathNotFound",
        (error) => Stream.unwrap(Effect.as(inspectContainer(container), Stream.fail(error)))
      )

  const firstEntry = (container: string, path: string, archive: Stream.Stream<Uint8Array, CopyError>) =>
    Stream.runHead(Tar.read(archive)).pipe(
      Effect.mapError((error) => error instanceof Tar.TarError ? invalidArchive(container, path, error) : error)
    )

  /** The target of the link at a path. Podman's client does not tell it. */
  const linkAt = (container: string, path: string): Effect.Effect<Option.Option<string>, CopyError> =>
    engine.transport.client === "podman"
      ? Effect.succeedNone
      : firstEntry(
        container,
        path,
        Stream.catchAll(
          client.stdout(["container", "cp", "--", `${container}:${path}`, "-"], { timeout: transferLimit }),
          (error) => Stream.fromEffect(explain("Container.copyOut")(...known(container, path))(error))
        )
      ).pipe(
        Effect.map(Option.flatMap((entry) => entry.type === "Symlink" ? Option.some(entry.target) : Option.none())),
        Effect.catchTag("PathNotFound", () => Effect.succeedNone)
      )

  /** Whether it is not there, or is something else: engines do not say. */
  const noDirectory = (container: string, path: string, detail: string): Effect.Effect<never, CopyError> =>
    Stream.runDrain(Stream.take(copyOutOf(container, path), 1)).pipe(
      Effect.zipRight(copyFailed(container, path, "NotADirectory")(detail)),
      Effect.catchTag("PathNotFound", (error) =>
        Effect.flatMap(
          linkAt(container, path),
          (target): Effect.Effect<never, CopyError> =>
            Option.isNone(target)
              ? error
              : copyFailed(container, path, "InTheWay")(`it is a link to "${target.value}", where nothing is`)
        ))
    )

  const explainCopy = (container: string, path: string, error: CommandFailed.CommandFailed) =>
    says(error.stderr, "destinationIsNoDirectory")
      ? noDirectory(container, path, error.stderr.trim())
      : explain("Container.copyIn")(...known(container, path))(error)

  /** The path with its links followed, as far as there is something. */
  const followLinks = (container: string, path: string): Effect.Effect<string, CopyError> =>
    Effect.map(
      Effect.iterate({ at: "/", rest: partsOf(path), links: 0 }, {
        while: ({ links, rest }) => rest.length > 0 && links <= linksAtMost,
        body: ({ at, links, rest: [name = "", ...rest] }) => {
          const next = containerPath.join(at, name)
          return Effect.map(
            linkAt(container, next),
            Option.match({
              onNone: () => ({ at: next, rest, links }),
              onSome: (target) => {
                const absolute = target.startsWith("/") ? target : `${at}/${target}`
                return { at: "/", rest: [...partsOf(absolute), ...rest], links: links + 1 }
              }
            })
          )
        }
      }),
      ({ at, rest }) => rest.reduce(containerPath.join, at)
    )

  const checkReachable = (info: ContainerInfo, path: string): Effect.Effect<void, CopyError> =>
    Effect.gen(function*() {
      // Each step of this costs a run of the client, so links are followed only where there is something to hide.
      const followed = engine.name === "docker" && mounts.hasMemoryFileSystems(info)
        ? yield* followLinks(info.id, path)
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
   * Where to copy to, and what. A directory that Podman cannot address is addressed by one above it, if it exists: what
   * is copied there would make it.
   */
  const addressed = <E>(info: ContainerInfo, path: string, archive: Stream.Stream<Uint8Array, E>) =>
    Effect.gen(function*() {
      const { below, directory } = engine.name === "podman"
        ? podmanPaths.toWrite(info, path)
        : { directory: path, below: "" }
      if (below === "") return { directory, archive }
      const entry = yield* firstEntry(info.id, path, copyOutOf(info.id, path))
      if (Option.exists(entry, ({ type }) => type !== "Directory")) {
        return yield* copyFailed(info.id, path, "NotADirectory")(`"${path}" is not a directory`)
      }
      return { directory, archive: withPrefix(info.id, path, below, archive) }
    })

  return {
    copyInto: <E>(container: string, path: string, archive: Stream.Stream<Uint8Array, E>) =>
      Effect.scoped(Effect.gen(function*() {
        const info = yield* inspectContainer(container)
        yield* checkReachable(info, path)
        const variables = yield* temporaryVariables(context)
        const target = yield* addressed<E | CopyFailed>(info, path, archive)
        const { isWorthwhile, stream } = replayable(target.archive)
        yield* client.feed(
          ["container", "cp", ...ownerArguments(engine), "--", "-", `${info.id}:${target.directory}`],
          stream,
          { variables, timeout: transferLimit }
        ).pipe(
          again("rootHidden", isWorthwhile),
          Effect.catchAll((error): Effect.Effect<never, CopyError | E> => {
            if (error._tag === "CommandFailed") return explainCopy(container, path, error)
            return isChanged(error.error) ? new PathNotFound({ container, path }) : Effect.fail(error.error)
          })
        )
      })),
    copyOutOf
  }
}

/** As Linux. */
const linksAtMost = 40

const partsOf = (path: string): ReadonlyArray<string> =>
  Option.match(containerPath.normalize(path), {
    onNone: () => [],
    onSome: (path) => path.split("/").filter((part) => part !== "")
  })

/** An archive to be unpacked into a directory above the one that it is for. */
const withPrefix = <E>(container: string, path: string, prefix: string, archive: Stream.Stream<Uint8Array, E>) => {
  // Names that lead out of the directory end in it.
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

const hidesMounts = ({ apiVersion, name }: Engine.Engine<Engine.Cli>) =>
  name === "podman" && !Engine.isAtLeast(apiVersion, 4, 8)

// Podman gives everything to the user of the container's process unless it is told not to.
const ownerArguments = ({ transport: { apiVersion, client } }: Engine.Engine<Engine.Cli>) =>
  client === "podman" && Engine.isAtLeast(apiVersion, 4) ? ["--archive=false"] : []

// Podman writes what it reads to a file first, and leaves that behind.
const temporaryVariables = (context: Context) =>
  context.engine.transport.client === "podman"
    ? temporaryDirectory(context, "copy").pipe(
      Effect.map((TMPDIR): Readonly<Record<string, string>> => ({ TMPDIR })),
      Effect.orElseSucceed((): Readonly<Record<string, string>> => ({}))
    )
    : Effect.succeed<Readonly<Record<string, string>>>({})
