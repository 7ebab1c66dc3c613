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
import {
  type Container,
  dropContainer,
  failed,
  hasNetworkOfItsOwn,
  putContainer,
  type Run,
  type State
} from "./state.js"

/**
 * Starts a container's process, or finds it running.
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
        onNone: () => begin(container, state),
        onSome: (run) =>
          Effect.map(
            History.length(container.history),
            (from) => [{ container, run, from, isNew: false }, state] as const
          )
      })
    }
  ).pipe(
    Effect.tap(({ container, isNew, run }) => isNew ? play(context, container, run, input) : Effect.void),
    Effect.uninterruptible
  )

/** @internal */
export interface Started {
  readonly container: Container
  readonly run: Run
  /** Where in the history to look for what happens from now on. */
  readonly from: number
}

const begin = Effect.fnUntraced(function*(container: Container, state: State) {
  const { definition, history, id } = container
  const ports = Ports.publish(
    hasNetworkOfItsOwn(definition) ? definition.ports : [],
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
    thawed: yield* Effect.makeLatch(true),
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
 * A process whose script is an answer has given it when this returns, so that
 * a test need not wait for what it knows.
 */
const play = (context: Context, container: Container, run: Run, input: Scripts.Input): Effect.Effect<void> =>
  Effect.suspend(() => {
    const script = context.options.process?.(scripted(container), input.read)
    if (script === undefined) return Effect.void
    const { tty } = container.definition
    if (Scripts.isAnswer(script)) {
      return Stream.runForEach(
        Scripts.events(script, { tty, otherwise: Stream.empty }),
        (event) => report(context, run, event)
      )
    }
    return Scripts.events(script, { tty, otherwise: Stream.never }).pipe(
      Stream.runForEach((event) => Effect.zipRight(run.thawed.await, report(context, run, event))),
      reportingDefects(context, run),
      Effect.raceFirst(Deferred.await(run.exited)),
      Effect.interruptible,
      Effect.forkIn(context.scope)
    )
  }).pipe(reportingDefects(context, run), Effect.asVoid)

/** A script that dies is a process that does, and says why. */
const reportingDefects = (context: Context, run: Run) => (self: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchAllCause(self, (cause) =>
    Effect.zipRight(
      report(context, run, Output.stderr(Scripts.toBytes(`The script died: ${Cause.pretty(cause)}\n`))),
      report(context, run, Output.exit(1))
    ))

/** What a process does after the container ended it is lost. */
const report = (context: Context, { exited }: Run, event: Output.ProcessEvent): Effect.Effect<void> =>
  update(context, (state) => {
    const container = state.containers.find(({ run }) => Option.exists(run, (run) => run.exited === exited))
    if (container === undefined) return Effect.succeed(state)
    return event.source === "exit"
      ? end(container, event.exitCode, state)
      : Effect.as(History.record(container.history, event), state)
  })

/**
 * Ends the process of a container, if it has one.
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
    onSome: Effect.fnUntraced(function*({ exited, thawed }) {
      yield* History.record(container.history, Output.exit(exitCode))
      yield* Deferred.succeed(exited, exitCode)
      yield* thawed.open
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
 * Asks the process of a container to stop. A paused one cannot answer, and is
 * killed at last.
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
