import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type ContainerNotFound, type EngineFailed, type NetworkNotFound, PortTaken } from "../../BackendError.js"
import type { PublishedPort } from "../../ContainerInfo.js"
import * as Output from "../../Output.js"
import { type Context, modifyContainer, scripted, update } from "./context.js"
import * as Endpoints from "./endpoints.js"
import * as History from "./history.js"
import * as Ports from "./ports.js"
import * as Scripts from "./scripts.js"
import * as Signals from "./signals.js"
import { type Container, dropContainer, failed, hasOwnNetwork, putContainer, type Run, type State } from "./state.js"

/**
 * Starts the process of a container, or returns the running one.
 *
 * @internal
 */
export const start = (
  context: Context,
  key: string,
  input: Scripts.Input
): Effect.Effect<Started, ContainerNotFound | NetworkNotFound | PortTaken | EngineFailed> =>
  modifyContainer<Started & { readonly isNew: boolean }, NetworkNotFound | PortTaken | EngineFailed>(
    context,
    key,
    (container, state) => {
      if (container.status === "paused") {
        return failed("Container.start", "Conflict", "cannot start a paused container, try unpause instead")
      }
      return Option.match(container.run, {
        onNone: () => startRun(container, state),
        onSome: (run) =>
          Effect.map(
            History.length(container.history),
            (from) => [{ container, run, from, isNew: false }, state] as const
          )
      })
    }
  ).pipe(
    Effect.tap(({ container, isNew, run }) => isNew ? runScript(context, container, run, input) : Effect.void),
    Effect.uninterruptible
  )

/** @internal */
export interface Started {
  readonly container: Container
  readonly run: Run
  /** Position in the history of the events after this start. */
  readonly from: number
}

const startRun = Effect.fnUntraced(function*(container: Container, state: State) {
  const { definition, history, id } = container
  const ports = Ports.publish(
    hasOwnNetwork(definition) ? definition.ports : [],
    publishedPorts(state),
    state.lastHostPort
  )
  if (Either.isLeft(ports)) return yield* new PortTaken({ container: id, detail: ports.left })
  const found = yield* Effect.forEach(container.endpoints, (endpoint) => Endpoints.find(state, endpoint))
  const endpoints = Endpoints.joinAll(state, found)
  if (Either.isLeft(endpoints)) return yield* failed("Container.start", "Refused", endpoints.left)
  const from = yield* History.length(history)
  const run: Run = {
    from,
    ports: ports.right.published,
    exited: yield* Deferred.make<number>(),
    unpaused: yield* Effect.makeLatch(true),
    pendingSignal: Option.none()
  }
  const started: Container = {
    ...container,
    endpoints: endpoints.right,
    status: "running",
    run: Option.some(run),
    exitCode: 0,
    startedAt: Option.some(yield* Clock.currentTimeMillis)
  }
  const next = { ...putContainer(state, started), lastHostPort: ports.right.lastFound }
  return [{ container: started, run, from, isNew: true }, next] as const
})

const publishedPorts = (state: State): ReadonlyArray<PublishedPort> =>
  state.containers.flatMap(({ run }) => Option.match(run, { onNone: () => [], onSome: ({ ports }) => ports }))

/**
 * Runs the script of a process. An answer is complete when this returns, so that a
 * test need not wait for it; other scripts run in the background.
 */
const runScript = (context: Context, container: Container, run: Run, input: Scripts.Input): Effect.Effect<void> =>
  Effect.suspend(() => {
    const script = context.options.process?.(scripted(container), input.read)
    if (script === undefined) return Effect.void
    const { tty } = container.definition
    if (Scripts.isAnswer(script)) {
      return Stream.runForEach(
        Scripts.events(script, { tty, fallback: Stream.empty }),
        (event) => recordEvent(context, run, event)
      )
    }
    return Scripts.events(script, { tty, fallback: Stream.never }).pipe(
      Stream.runForEach((event) => Effect.zipRight(run.unpaused.await, recordEvent(context, run, event))),
      recordDefects(context, run),
      Effect.raceFirst(Deferred.await(run.exited)),
      Effect.interruptible,
      Effect.forkIn(context.scope)
    )
  }).pipe(recordDefects(context, run), Effect.asVoid)

/** Turns a defect of a script into an error message and exit code 1 of the process. */
const recordDefects = (context: Context, run: Run) => (self: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchAllCause(self, (cause) =>
    Effect.zipRight(
      recordEvent(context, run, Output.stderr(Scripts.toBytes(`The script died: ${Cause.pretty(cause)}\n`))),
      recordEvent(context, run, Output.exit(1))
    ))

/** Records an event of a process. Events after the end of the run are dropped. */
const recordEvent = (context: Context, { exited }: Run, event: Output.ProcessEvent): Effect.Effect<void> =>
  update(context, (state) => {
    const container = state.containers.find(({ run }) => Option.exists(run, (run) => run.exited === exited))
    if (container === undefined) return Effect.succeed(state)
    return event.source === "exit"
      ? end(container, event.exitCode, state)
      : Effect.as(History.record(container.history, event), state)
  })

/**
 * Ends the process of a container, if one is running.
 *
 * @internal
 */
export const end = (
  container: Container,
  exitCode: number,
  state: State,
  autoRemove = container.definition.autoRemove,
  keepVolumes = false
): Effect.Effect<State> =>
  Option.match(container.run, {
    onNone: () => Effect.succeed(state),
    onSome: Effect.fnUntraced(function*({ exited, unpaused }) {
      yield* History.record(container.history, Output.exit(exitCode))
      yield* Deferred.succeed(exited, exitCode)
      yield* unpaused.open
      const finishedAt = Option.some(yield* Clock.currentTimeMillis)
      return autoRemove
        ? dropContainer(state, container, keepVolumes)
        : putContainer(state, {
          ...container,
          endpoints: container.endpoints.map(Endpoints.leave),
          status: "exited",
          run: Option.none(),
          exitCode,
          finishedAt
        })
    })
  })

/**
 * Stops the process of a container by its stop signal. A paused process cannot
 * handle it and is killed.
 *
 * @internal
 */
export const stop = (
  container: Container,
  state: State,
  autoRemove?: boolean,
  keepVolumes?: boolean
): Effect.Effect<State> => {
  const signal = Option.flatMapNullable(container.definition.stopSignal, Signals.parse)
  return end(
    container,
    Signals.exitCode(
      container.status === "paused" ? Signals.kill : Option.getOrElse(signal, () => Signals.terminate)
    ),
    state,
    autoRemove,
    keepVolumes
  )
}
