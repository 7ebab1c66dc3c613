import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as BackendDriver from "../../BackendDriver.js"
import { type EngineFailed, ImageNotFound, NameInUse } from "../../BackendError.js"
import * as ContainerId from "../../ContainerId.js"
import type { ContainerName } from "../../ContainerName.js"
import type { Definition } from "../../Definition.js"
import { type Context, getContainer, modify, updateContainer } from "./context.js"
import * as Endpoints from "./endpoints.js"
import * as FileSystem from "./fileSystem.js"
import * as History from "./history.js"
import { containerInfo } from "./inspection.js"
import * as Runs from "./runs.js"
import * as Scripts from "./scripts.js"
import * as Signals from "./signals.js"
import * as State from "./state.js"
import { createMissing, volumesOf } from "./volumes.js"

type Containers = Omit<BackendDriver.Containers, "exec" | "executor" | "startAttached" | "commitContainer">

/** @internal */
export const containers = (
  context: Context
): Omit<Containers, "commit" | "processes" | "startAttached" | "stats"> => ({
  create: (definition, name) =>
    modify(context, (state) =>
      Effect.map(
        create(definition, name, state),
        (container) => [
          container.id,
          createMissing({ ...state, containers: [container, ...state.containers] }, container)
        ]
      )),

  start: (key) => start(context, key),

  restart: (key) =>
    Effect.zipRight(
      updateContainer(context, key, (container, state) => Runs.stop(container, state, false)),
      start(context, key)
    ),

  stop: (key) => updateContainer(context, key, Runs.stop),

  kill: (key, name) => updateContainer(context, key, (container, state) => signal(container, name, state)),

  pause: (key) => updateContainer(context, key, pause),

  unpause: (key) => updateContainer(context, key, unpause),

  rename: (key, name) => updateContainer(context, key, (container, state) => rename(container, name, state)),

  remove: (key, options) => {
    const removal = updateContainer(context, key, (container, state) => remove(container, options, state))
    return options.force ? Effect.catchTag(removal, "ContainerNotFound", () => Effect.void) : removal
  },

  wait: (key) =>
    Effect.flatMap(getContainer(context, key), ({ exitCode, run }) =>
      Option.match(run, {
        onNone: () => Effect.succeed(exitCode),
        onSome: ({ exited }) => Deferred.await(exited)
      })),

  inspect: (key) =>
    Effect.flatMap(
      context.state.get,
      (state) => Effect.flatMap(State.findContainer(state, key), (container) => containerInfo(state, container))
    ),

  list: (filters) =>
    Effect.flatMap(context.state.get, (state) =>
      Effect.forEach(
        state.containers.filter(({ labels }) => State.matches(labels, filters)),
        (container) => containerInfo(state, container)
      )),

  logs: (key, options) =>
    Stream.unwrap(Effect.map(
      getContainer(context, key),
      ({ history, run }) => History.logs(history, options, Option.map(run, ({ from }) => from))
    ))
})

const create = Effect.fnUntraced(function*(definition: Definition, name: ContainerName, state: State.State) {
  const image = State.findImage(state, definition.image)
  if (Option.isNone(image)) {
    const name = definition.image.toString()
    return yield* new ImageNotFound({ image: name, detail: `No such image: ${name}` })
  }
  if (state.containers.some((container) => container.name === name)) {
    return yield* new NameInUse({ kind: "container", resource: name })
  }
  const endpoints = yield* endpointsOf(definition, state)
  return {
    id: ContainerId.make(yield* State.makeId),
    name,
    definition,
    imageId: image.value.id,
    labels: { ...image.value.labels, ...State.toRecord(definition.labels) },
    endpoints,
    volumes: yield* volumesOf(definition),
    created: yield* Clock.currentTimeMillis,
    status: "created",
    run: Option.none(),
    exitCode: 0,
    startedAt: Option.none(),
    finishedAt: Option.none(),
    history: yield* History.make,
    files: definition.mounts.reduce((files, { target }) => FileSystem.withDirectory(files, target), image.value.files)
  } satisfies State.Container
})

const endpointsOf = (definition: Definition, state: State.State) =>
  State.hasOwnNetwork(definition)
    ? Effect.suspend(() => {
      const key = Option.getOrElse(Option.filter(definition.network, (name) => name !== "default"), () => "bridge")
      const endpoint = {
        networkId: key,
        aliases: definition.networkAliases,
        requested: definition.networkAddresses,
        addresses: []
      }
      return Effect.matchEffect(State.findNetwork(state, key), {
        // The start of the container looks it up again.
        onFailure: () => Effect.succeed([endpoint]),
        onSuccess: (network) => {
          const problem = Endpoints.invalidReason(network, endpoint)
          return problem === undefined
            ? Effect.succeed([{ ...endpoint, networkId: network.id }])
            : State.failed("Container.create", "Refused", problem)
        }
      })
    })
    : Effect.succeed([])

const notRunning = (operation: string, { id }: State.Container) =>
  State.failed(operation, "Conflict", `Container ${id} is not running`)

const signal = (container: State.Container, name: string, state: State.State) => {
  if (Option.isNone(container.run)) return notRunning("Container.kill", container)
  const run = container.run.value
  const number = Signals.parse(name)
  if (number === undefined) return State.failed("Container.kill", "Refused", `Invalid signal: ${name}`)
  if (!Signals.terminates(number)) return Effect.succeed(state)
  return container.status === "paused" && number !== Signals.kill
    ? Effect.succeed(State.putContainer(state, {
      ...container,
      run: Option.some({ ...run, pendingSignal: Option.some(number) })
    }))
    : Runs.end(container, Signals.exitCode(number), state)
}

const start = (context: Context, key: string) =>
  Effect.flatMap(Scripts.makeInput(undefined), (input) => Effect.asVoid(Runs.start(context, key, input)))

const pause = (container: State.Container, state: State.State) =>
  container.status === "paused"
    ? State.failed("Container.pause", "Conflict", `Container ${container.id} is already paused`)
    : Option.match(container.run, {
      onNone: () => notRunning("Container.pause", container),
      onSome: ({ unpaused }) => Effect.as(unpaused.close, State.putContainer(state, { ...container, status: "paused" }))
    })

const unpause = (container: State.Container, state: State.State) => {
  if (container.status !== "paused" || Option.isNone(container.run)) {
    return State.failed("Container.unpause", "Conflict", `Container ${container.id} is not paused`)
  }
  const { pendingSignal, unpaused } = container.run.value
  return Option.match(pendingSignal, {
    onNone: () => Effect.as(unpaused.open, State.putContainer(state, { ...container, status: "running" })),
    onSome: (number) => Runs.end(container, Signals.exitCode(number), state)
  })
}

const rename = (
  container: State.Container,
  name: string,
  state: State.State
): Effect.Effect<State.State, EngineFailed | NameInUse> => {
  if (container.name === name) {
    return State.failed(
      "Container.rename",
      "Refused",
      "Renaming a container with the same name as its current name"
    )
  }
  return state.containers.some((other) => other.name === name)
    ? new NameInUse({ kind: "container", resource: name })
    : Effect.succeed(State.putContainer(state, { ...container, name }))
}

const remove = (
  container: State.Container,
  { force, grace, volumes }: Parameters<Containers["remove"]>[1],
  state: State.State
) => {
  if (Option.isNone(container.run)) return Effect.succeed(State.dropContainer(state, container, !volumes))
  if (!force) {
    return State.failed(
      "Container.remove",
      "Conflict",
      `You cannot remove a ${container.status} container ${container.id}. Stop the container before attempting removal or force remove`
    )
  }
  return Duration.toMillis(grace) === 0
    ? Runs.end(container, Signals.exitCode(Signals.kill), state, true, !volumes)
    : Runs.stop(container, state, true, !volumes)
}
