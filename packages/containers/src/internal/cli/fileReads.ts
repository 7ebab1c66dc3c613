import * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type ContainerNotFound, type CopyError, CopyFailed, PathNotFound } from "../../BackendError.js"
import type { ContainerInfo } from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import { invalidArchive } from "../contract/invalidArchive.js"
import * as podmanPaths from "../dialect/podmanPaths.js"
import * as containerPath from "../values/containerPath.js"
import { awaitExit } from "./awaitExit.js"
import { transferTimeout } from "./client.js"
import { inspect } from "./containerCommands.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"

/** @internal */
export const copyFailed =
  (container: string, path: string, reason: CopyFailed["reason"]) => (detail: string): CopyFailed =>
    new CopyFailed({ container, path, reason, detail })

/** @internal */
export const known = (
  container: string,
  path: string
): ReadonlyArray<failures.Known<ContainerNotFound | CopyFailed | PathNotFound>> => [
  { condition: "pathNotFound", error: () => new PathNotFound({ container, path }) },
  { condition: "readOnly", error: copyFailed(container, path, "ReadOnly") },
  { condition: "inTheWay", error: copyFailed(container, path, "InTheWay") },
  { condition: "mountedOver", error: copyFailed(container, path, "Unreachable") },
  { condition: "invalidArchive", error: copyFailed(container, path, "InvalidArchive") },
  failures.noSuchContainer(container)
]

/** @internal */
export const copyOutOf = (context: Context): Files["copyOutOf"] => (container, path) =>
  context.engine.name === "podman"
    ? Stream.unwrap(Effect.map(inspect(context)(container), (info) => readFromPodman(context, info, path)))
    // Older clients of Docker report a missing container in the same words.
    : Stream.catchTag(
      readOut(context, container, path),
      "PathNotFound",
      (error) => Stream.unwrap(Effect.as(inspect(context)(container), Stream.fail(error)))
    )

const readOut = (
  { client, engine, explain }: Context,
  container: string,
  path: string,
  argument = path
): Stream.Stream<Uint8Array, CopyError> => {
  // A killed process of Podman before 4.8 leaves its mount behind, which hides later mounts of other processes:
  // https://github.com/containers/storage/pull/1724
  const end = hidesMounts(engine) ? awaitExit : identity
  return end(client.stdout([
    "container",
    "cp",
    // Podman always follows a link.
    ...(engine.transport.client === "docker" ? ["--follow-link"] : []),
    "--",
    `${container}:${argument}`,
    "-"
  ], { timeout: transferTimeout })).pipe(
    Stream.catchAll((error) => Stream.fromEffect(explain("Container.copyOut")(...known(container, path))(error)))
  )
}

// Podman before 4.8 also reports an existing path as missing, if the container does not run and its file system is
// hidden. The report precedes all output, so the same path is tried twice.
const readFromPodman = (context: Context, info: ContainerInfo, path: string) => {
  const [first, ...others] = podmanPaths.toRead(info, path)
  const isHidden = hidesMounts(context.engine) && info.state.status !== "running"
  return [...(isHidden ? [first] : []), ...others].reduce(
    (found, next) => Stream.catchTag(found, "PathNotFound", () => readOut(context, info.id, path, next)),
    readOut(context, info.id, path, first)
  )
}

const hidesMounts = ({ apiVersion, name }: Engine.Engine<Engine.Cli>) =>
  name === "podman" && !Engine.isAtLeast(apiVersion, 4, 8)

/** @internal */
export const firstEntry = (container: string, path: string, archive: Stream.Stream<Uint8Array, CopyError>) =>
  Stream.runHead(Tar.read(archive)).pipe(
    Effect.mapError((error) => error instanceof Tar.TarError ? invalidArchive(container, path, error) : error)
  )

/**
 * Target of the link at a path. None with Podman's client, which does not
 * report it.
 *
 * @internal
 */
export const linkTarget = (
  { client, engine, explain }: Context,
  container: string,
  path: string
): Effect.Effect<Option.Option<string>, CopyError> =>
  engine.transport.client === "podman"
    ? Effect.succeedNone
    : firstEntry(
      container,
      path,
      Stream.catchAll(
        client.stdout(["container", "cp", "--", `${container}:${path}`, "-"], { timeout: transferTimeout }),
        (error) => Stream.fromEffect(explain("Container.copyOut")(...known(container, path))(error))
      )
    ).pipe(
      Effect.map(Option.flatMap((entry) => entry.type === "Symlink" ? Option.some(entry.target) : Option.none())),
      Effect.catchTag("PathNotFound", () => Effect.succeedNone)
    )

/**
 * Follows the links in a path; parts that do not exist remain as they are.
 *
 * @internal
 */
export const followLinks = (context: Context, container: string, path: string): Effect.Effect<string, CopyError> =>
  Effect.map(
    Effect.iterate({ at: "/", rest: partsOf(path), links: 0 }, {
      while: ({ links, rest }) => rest.length > 0 && links <= maxLinks,
      body: ({ at, links, rest: [name = "", ...rest] }) => {
        const next = containerPath.join(at, name)
        return Effect.map(
          linkTarget(context, container, next),
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

/** The limit of Linux. */
const maxLinks = 40

const partsOf = (path: string): ReadonlyArray<string> =>
  Option.match(containerPath.normalize(path), {
    onNone: () => [],
    onSome: (path) => path.split("/").filter((part) => part !== "")
  })
