import type { CommandFailed } from "@ociman/process"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  type ContainerError,
  type ContainerNotFound,
  type CopyError,
  CopyFailed,
  PathNotFound
} from "../../BackendError.js"
import type { ContainerInfo } from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import type { Files } from "../../Primitives.js"
import * as containerPath from "../containerPath.js"
import { again } from "./again.js"
import { transferLimit } from "./client.js"
import { containers } from "./containers.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { lettingEnd } from "./lettingEnd.js"
import { says } from "./messages.js"
import { isChanged, replayable } from "./replayable.js"

type Known = ContainerNotFound | CopyFailed | PathNotFound

/** @internal */
export const files = (context: Context): Files => {
  const { client, engine, explain } = context
  const { inspectContainer } = containers(context)

  const copyFailed = (container: string, path: string, reason: CopyFailed["reason"]) => (detail: string) =>
    new CopyFailed({ container, path, reason, detail })

  const known = (container: string, path: string): ReadonlyArray<failures.Known<Known>> => [
    { condition: "pathNotFound", error: () => new PathNotFound({ container, path }) },
    { condition: "readOnly", error: copyFailed(container, path, "ReadOnly") },
    { condition: "inTheWay", error: copyFailed(container, path, "InTheWay") },
    { condition: "invalidArchive", error: copyFailed(container, path, "InvalidArchive") },
    failures.noSuchContainer(container)
  ]

  // A process of Podman before version 4.8 that is killed leaves what it has mounted to the others, from whom it then
  // hides what they mount (https://github.com/containers/storage/pull/1724).
  const ending = hidesMounts(engine) ? lettingEnd : identity

  const readOut: Files["copyOutOf"] = (container, path) =>
    ending(client.stdout([
      "container",
      "cp",
      // Podman follows a link always.
      ...(engine.client === "docker" ? ["--follow-link"] : []),
      "--",
      `${container}:${path}`,
      "-"
    ], { timeout: transferLimit })).pipe(
      Stream.catchAll((error) => Stream.fromEffect(explain("Container.copyOut")(...known(container, path))(error)))
    )

  // Docker's older client says it of a container that is not there, too. Podman before version 4.8 says it of what is
  // there in a container that does not run, and whose file system is hidden. Nothing has been read by then.
  const copyOutOf: Files["copyOutOf"] = (container, path) =>
    Stream.catchTag(
      readOut(container, path),
      "PathNotFound",
      (error) =>
        Stream.unwrap(
          Effect.map(
            inspectContainer(container),
            () => hidesMounts(engine) ? readOut(container, path) : Stream.fail(error)
          )
        )
    )

  /** Whether it is not there, or is something else: engines do not say. */
  const noDirectory = (container: string, path: string, detail: string): Effect.Effect<never, CopyError> =>
    Stream.runDrain(Stream.take(copyOutOf(container, path), 1)).pipe(
      Effect.zipRight(copyFailed(container, path, "NotADirectory")(detail))
    )

  const explainCopy = (container: string, path: string, error: CommandFailed.CommandFailed) =>
    says(error.stderr, "destinationIsNoDirectory")
      ? noDirectory(container, path, error.stderr.trim())
      : explain("Container.copyIn")(...known(container, path))(error)

  /** Engines copy to beneath a memory file system that they do not see, where nothing ever finds it. */
  const checkReachable = (info: ContainerInfo, path: string): Effect.Effect<void, ContainerError | CopyFailed> => {
    if (engine.client === "podman" && info.state.running) return Effect.void
    const hidden = memoryFileSystems(info).find((directory) => containerPath.isWithin(path, directory))
    return hidden === undefined
      ? Effect.void
      : copyFailed(info.id, path, "Unreachable")(
        `${hidden} is a memory file system, which ${engine.name} cannot copy into${
          engine.client === "podman" ? " before the container runs" : ""
        }; write there by a command in the container`
      )
  }

  return {
    copyInto: <E>(container: string, directory: string, archive: Stream.Stream<Uint8Array, E>) =>
      Effect.scoped(Effect.gen(function*() {
        const info = yield* inspectContainer(container)
        yield* checkReachable(info, directory)
        const variables = yield* temporaryDirectory(context)
        const { isWorthwhile, stream } = replayable(archive)
        yield* client.feed(
          ["container", "cp", ...ownerArguments(engine), "--", "-", `${info.id}:${directory}`],
          stream,
          { variables, timeout: transferLimit }
        ).pipe(
          again("rootHidden", isWorthwhile),
          Effect.catchAll((error): Effect.Effect<never, CopyError | E> => {
            if (error._tag === "CommandFailed") return explainCopy(container, directory, error)
            return isChanged(error.error) ? new PathNotFound({ container, path: directory }) : Effect.fail(error.error)
          })
        )
      })),
    copyOutOf
  }
}

const hidesMounts = ({ name, version }: Engine.Engine) => name === "podman" && !Engine.isAtLeast(version, 4, 8)

// Podman gives everything to the user of the container's process unless it is told not to.
const ownerArguments = ({ client, clientVersion }: Engine.Engine) =>
  client === "podman" && Engine.isAtLeast(clientVersion, 4) ? ["--archive=false"] : []

// Podman writes what it reads to a file first, and leaves that behind.
const temporaryDirectory = ({ engine, fileSystem }: Context) =>
  engine.client === "podman"
    ? fileSystem.makeTempDirectoryScoped({ prefix: "ociman-copy-" }).pipe(
      Effect.map((TMPDIR): Readonly<Record<string, string>> => ({ TMPDIR })),
      Effect.orElseSucceed((): Readonly<Record<string, string>> => ({}))
    )
    : Effect.succeed<Readonly<Record<string, string>>>({})

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Mounted = Schema.Struct({
  Mounts: orNull(Schema.Array(Schema.Struct({ Type: Schema.String, Destination: Schema.String }))),
  HostConfig: Schema.Struct({ Tmpfs: orNull(Schema.Record({ key: Schema.String, value: Schema.String })) })
})

const memoryFileSystems = ({ raw }: ContainerInfo): ReadonlyArray<string> =>
  Option.match(Schema.decodeUnknownOption(Mounted)(raw), {
    onNone: () => [],
    onSome: ({ HostConfig, Mounts }) => [
      ...Object.keys(HostConfig.Tmpfs ?? {}),
      ...(Mounts ?? []).flatMap(({ Destination, Type }) => Type === "tmpfs" ? [Destination] : [])
    ]
  })
