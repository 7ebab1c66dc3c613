import * as Reference from "@ociman/oci/Reference"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as BackendDriver from "../../BackendDriver.js"
import { EngineFailed, type ImageNotFound, type NameInUse, type NetworkNotFound } from "../../BackendError.js"
import * as ContainerId from "../../ContainerId.js"
import * as containerInfo from "../dialect/containerInfo.js"
import { nonEmptyLines } from "../dialect/inspection.js"
import { decodeLastLine, unexpectedAnswer } from "./answers.js"
import { command, inspect } from "./containerCommands.js"
import { commit } from "./containerCommit.js"
import { graceArguments, remove, stop, unpause } from "./containerRemoval.js"
import { makeStart } from "./containerStart.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import * as failures from "./failures.js"
import { createArguments } from "./flags/create.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"

type Containers = Omit<BackendDriver.Containers, "exec" | "executor" | "startAttached">

/** @internal */
export const containers = (context: Context): Omit<Containers, "processes" | "startAttached" | "stats"> => {
  const start = makeStart(context, inspect(context))
  return {
    create: create(context),
    start: (container) =>
      start(
        container,
        command(context, "Container.start", container, ["start", container], failures.startKnown(container))
      ),
    restart: (container, grace) =>
      start(
        container,
        command(
          context,
          "Container.restart",
          container,
          ["restart", ...graceArguments(grace), container],
          failures.startKnown(container)
        )
      ),
    stop: stop(context),
    kill: (container, signal) => command(context, "Container.kill", container, ["kill", "--signal", signal, container]),
    pause: pause(context),
    unpause: unpause(context),
    rename: (container, name) =>
      command(context, "Container.rename", container, ["rename", container, name], [
        failures.nameInUse("container", name)
      ]),
    remove: remove(context),
    wait: wait(context),
    inspect: inspect(context),
    list: list(context),
    logs: logs(context),
    commit: commit(context)
  }
}

const create = (context: Context): Containers["create"] => (definition, name) =>
  Effect.scoped(Effect.gen(function*() {
    const { client, engine, explain } = context
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
    return yield* decodeLastLine(context, "Container.create", "a container id", ContainerId.ContainerId, stdout.text)
  }))

const pause = (context: Context): Containers["pause"] => (container) => {
  const operation = "Container.pause"
  return command(context, operation, container, ["pause", container], [{
    condition: "cannotPause",
    error: (detail) => new EngineFailed({ engine: context.engine.name, operation, reason: "Unsupported", detail })
  }])
}

const wait = (context: Context): Containers["wait"] => (container) =>
  context.client.run(["container", "wait", container], { timeout: Duration.infinity }).pipe(
    Effect.catchAll(context.explain("Container.wait")(failures.noSuchContainer(container))),
    Effect.flatMap(({ stdout }) => {
      const text = stdout.text.trim()
      return /^-?\d+$/.test(text)
        ? Effect.succeed(Number(text))
        : unexpectedAnswer(context, "Container.wait", `"${text}" is not an exit code`)
    })
  )

const list = (context: Context): Containers["list"] => (labels) =>
  Effect.gen(function*() {
    const { client, engine, explain } = context
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
      containerInfo.decode
    )
    return labelFilters.select(infos, labels)
  })

// Inspected first, since an error of the client would otherwise be mixed with the container's standard error.
const logs = (context: Context): Containers["logs"] => (container, options) =>
  Stream.unwrap(Effect.as(
    inspect(context)(container),
    context.client.output(["container", "logs", ...logArguments(options), container]).pipe(
      Stream.catchAll(context.explain("Container.logs")(failures.noSuchContainer(container)))
    )
  ))

const logArguments = ({ follow = false, since, tail }: BackendDriver.LogOptions) => [
  ...(follow ? ["--follow"] : []),
  ...(tail === undefined ? [] : ["--tail", String(tail)]),
  ...(since === undefined
    ? []
    : ["--since", since instanceof Date ? since.toISOString() : `${Duration.toMillis(since)}ms`])
]
