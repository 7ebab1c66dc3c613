import * as Reference from "@ociman/oci/Reference"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as BackendDriver from "../../BackendDriver.js"
import {
  type ContainerError,
  ContainerNotFound,
  EngineFailed,
  type ImageNotFound,
  type NameInUse,
  type NetworkNotFound
} from "../../BackendError.js"
import * as ContainerId from "../../ContainerId.js"
import * as ContainerInfo from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import * as ImageId from "../../ImageId.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import { says } from "../dialect/messages.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import * as failures from "./failures.js"
import { createArguments, wholeSeconds } from "./flags/create.js"
import * as imageArguments from "./flags/image.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"
import { again } from "./retry.js"
import { starting } from "./starting.js"

type Containers = Omit<BackendDriver.Containers, "exec" | "executor" | "startAttached">

// What an engine is given to stop a container over and above the container's own time.
const stopAllowance = Duration.minutes(1)

/** @internal */
export const containers = (context: Context): Omit<Containers, "processes" | "startAttached" | "stats"> => {
  const { client, engine, explain } = context

  /** Runs a command on an existing container that answers with nothing of interest. */
  const command = <E = never>(
    operation: string,
    container: string,
    args: ReadonlyArray<string>,
    known: ReadonlyArray<failures.Known<E>> = [],
    timeout?: Duration.Duration
  ) =>
    client.run(["container", ...args], { timeout }).pipe(
      again("mountHidden"),
      Effect.asVoid,
      Effect.catchAll(explain(operation)<E | ContainerNotFound>(...known, failures.noSuchContainer(container)))
    )

  const unexpected = (operation: string, detail: string) =>
    new EngineFailed({ engine: engine.name, operation, reason: "UnexpectedAnswer", detail })

  const inspectContainer: Containers["inspect"] = (container) =>
    client.run(["container", "inspect", container]).pipe(
      Effect.catchAll(explain("Container.inspect")(failures.noSuchContainer(container))),
      Effect.flatMap(({ stdout }) => readAnswers(context, "Container.inspect", stdout.text, ContainerInfo.decode)),
      Effect.flatMap(([info]) => info === undefined ? new ContainerNotFound({ container }) : Effect.succeed(info))
    )

  const start = starting(context, inspectContainer)

  const stop = (container: string, grace: Option.Option<Duration.Duration>) =>
    command(
      "Container.stop",
      container,
      ["stop", ...graceArguments(grace), container],
      [],
      Duration.sum(Option.getOrElse(grace, () => Duration.minutes(1)), stopAllowance)
    )

  const unpauseContainer: Containers["unpause"] = (container) =>
    command("Container.unpause", container, ["unpause", container])

  // Docker lets a paused container go on so that it can stop, Podman refuses to stop it.
  const stopContainer: Containers["stop"] = (container, grace) =>
    stop(container, grace).pipe(
      Effect.catchIf(isConflict, (conflict) =>
        Effect.flatMap(inspectContainer(container), ({ state }) =>
          state.status === "paused"
            ? Effect.zipRight(unpauseContainer(container), stop(container, grace))
            : conflict))
    )

  const forceRemove = (container: string, volumes: boolean, grace: Duration.Duration) => {
    const removal = ["rm", "--force", ...(volumes ? ["--volumes"] : [])]
    // Podman stops and removes in one go; Docker's forced removal kills at once.
    if (engine.transport.client === "podman" && Engine.isAtLeast(engine.transport.apiVersion, 4)) {
      const args = [...removal, "--time", wholeSeconds(grace), container]
      return command("Container.remove", container, args, [], Duration.sum(grace, stopAllowance))
    }
    const stop = Duration.toMillis(grace) === 0 ? Effect.void : stopContainer(container, Option.some(grace))
    return Effect.zipRight(stop, command("Container.remove", container, [...removal, container]))
  }

  const commit = (container: string, image: Reference.Reference, options: BackendDriver.CommitOptions) =>
    client.run(["container", "commit", ...commitArguments(engine, options), container, imageArguments.name(image)], {
      timeout: "10 minutes"
    }).pipe(
      again("disturbedByPrune"),
      Effect.catchAll(explain("Container.commit")(failures.noSuchContainer(container))),
      Effect.flatMap(({ stdout }) => {
        const id = nonEmptyLines(stdout.text).at(-1) ?? ""
        return Effect.mapError(
          Schema.decode(ImageId.FromString)(id),
          () => unexpected("Container.commit", `"${id}" is no image id`)
        )
      })
    )

  return {
    create: (definition, name) =>
      Effect.scoped(Effect.gen(function*() {
        const environment = yield* environmentFile.prepare(context, "Container.create", definition.environment)
        const { stdout } = yield* client.run(
          createArguments(engine, definition, name, environment.arguments),
          { variables: environment.variables, redact: environment.redact }
        ).pipe(Effect.catchAll(
          explain("Container.create")<ImageNotFound | NameInUse | NetworkNotFound>(
            failures.nameInUse("container", name),
            failures.noSuchNetwork,
            failures.noSuchImage(Reference.format(definition.image))
          )
        ))
        const id = nonEmptyLines(stdout.text).at(-1) ?? ""
        return yield* Effect.mapError(
          Schema.decode(ContainerId.ContainerId)(id),
          () => unexpected("Container.create", `"${id}" is no container id`)
        )
      })),

    start: (container) =>
      start(container, command("Container.start", container, ["start", container], failures.startKnown(container))),
    restart: (container, grace) =>
      start(
        container,
        command(
          "Container.restart",
          container,
          ["restart", ...graceArguments(grace), container],
          failures.startKnown(container)
        )
      ),
    stop: stopContainer,
    kill: (container, signal) => command("Container.kill", container, ["kill", "--signal", signal, container]),
    pause: (container) =>
      command("Container.pause", container, ["pause", container], [{
        condition: "cannotPause",
        error: (detail) =>
          new EngineFailed({ engine: engine.name, operation: "Container.pause", reason: "Unsupported", detail })
      }]),
    unpause: unpauseContainer,
    rename: (container, name) =>
      command("Container.rename", container, ["rename", container, name], [
        failures.nameInUse("container", name)
      ]),

    remove: (container, { force, grace, volumes }) => {
      const remove = force
        ? forceRemove(container, volumes, grace)
        : command("Container.remove", container, ["rm", ...(volumes ? ["--volumes"] : []), container])
      // Another removal that is on its way, such as that of `--rm`, is waited for.
      return remove.pipe(
        Effect.retry({ while: isBusy, schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("10 seconds")) }),
        Effect.catchIf(isBeingRemoved, () => waitUntilRemoved(inspectContainer(container)))
      )
    },

    wait: (container) =>
      client.run(["container", "wait", container], { timeout: Duration.infinity }).pipe(
        Effect.catchAll(explain("Container.wait")(failures.noSuchContainer(container))),
        Effect.flatMap(({ stdout }) => {
          const text = stdout.text.trim()
          return /^-?\d+$/.test(text)
            ? Effect.succeed(Number(text))
            : unexpected("Container.wait", `"${text}" is no exit code`)
        })
      ),

    inspect: inspectContainer,

    list: (labels) =>
      Effect.gen(function*() {
        const operation = "Container.list"
        const filters = labelFilters.flags(engine.transport, labels)
        const { stdout } = yield* client.run(["container", "ls", "--all", "--quiet", "--no-trunc", ...filters]).pipe(
          Effect.catchAll(explain(operation)())
        )
        const infos = yield* inspectListed(
          context,
          operation,
          ["container"],
          nonEmptyLines(stdout.text),
          "noSuchContainer",
          ContainerInfo.decode
        )
        return labelFilters.select(infos, labels)
      }),

    // Looked for first, since the client would complain where the container's own errors are expected.
    logs: (container, options) =>
      Stream.unwrap(Effect.as(
        inspectContainer(container),
        client.output(["container", "logs", ...logArguments(options), container]).pipe(
          Stream.catchAll(explain("Container.logs")(failures.noSuchContainer(container)))
        )
      )),

    commit: (container, image, options) =>
      // An engine that cannot pause need not, unless it is told to.
      commit(container, image, options).pipe(
        Effect.catchIf(
          (error) => options.pause === undefined && isInabilityToPause(error),
          () => commit(container, image, { ...options, pause: false })
        )
      )
  }
}

const graceArguments = (grace: Option.Option<Duration.Duration>) =>
  Option.match(grace, { onNone: () => [], onSome: (grace) => ["--time", wholeSeconds(grace)] })

const logArguments = ({ follow = false, since, tail }: BackendDriver.LogOptions) => [
  ...(follow ? ["--follow"] : []),
  ...(tail === undefined ? [] : ["--tail", String(tail)]),
  ...(since === undefined
    ? []
    : ["--since", since instanceof Date ? since.toISOString() : `${Duration.toMillis(since)}ms`])
]

export const commitArguments = (
  engine: Engine.Engine<Engine.Cli>,
  { author, changes = [], message, pause = true }: BackendDriver.CommitOptions
): ReadonlyArray<string> => [
  ...pauseArguments(engine, pause),
  ...(author === undefined ? [] : ["--author", author]),
  // Podman keeps a message only in images of Docker's format.
  ...(message === undefined
    ? []
    : [...(engine.transport.client === "podman" ? ["--format", "docker"] : []), "--message", message]),
  ...changes.flatMap((change) => ["--change", change])
]

const pauseArguments = ({ transport: { apiVersion, client } }: Engine.Engine<Engine.Cli>, pause: boolean) => {
  if (client === "podman") return pause ? ["--pause"] : []
  if (pause) return []
  // 1.52 is the API of client 29, which deprecates `--pause`.
  return Engine.isAtLeast(apiVersion, 1, 52) ? ["--no-pause"] : ["--pause=false"]
}

const isConflict = (error: ContainerError): error is EngineFailed =>
  error._tag === "EngineFailed" && error.reason === "Conflict"

const isInabilityToPause = (error: ContainerError): boolean =>
  error._tag === "EngineFailed" && says(error.detail, "cannotPause")

const isBusy = (error: ContainerError): boolean => error._tag === "EngineFailed" && says(error.detail, "busy")

const isBeingRemoved = (error: ContainerError): boolean =>
  error._tag === "EngineFailed" && says(error.detail, "removalInProgress")

const waitUntilRemoved = (inspect: Effect.Effect<unknown, ContainerError>) =>
  inspect.pipe(
    Effect.repeat(Schedule.spaced("50 millis").pipe(Schedule.upTo("1 minute"))),
    Effect.asVoid,
    Effect.catchTag("ContainerNotFound", () => Effect.void)
  )
