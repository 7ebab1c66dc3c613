import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Service } from "../Backend.js"
import { ContainerNotFound, EngineFailed, RunFailed, type StartError } from "../BackendError.js"
import type { RunOptions } from "../Container.js"
import type * as ContainerId from "../ContainerId.js"
import * as ContainerName from "../ContainerName.js"
import * as Definition from "../Definition.js"
import type { Primitives } from "../Primitives.js"
import { modify } from "./definition.js"
import { makeHandle } from "./handle.js"
import { inFinalizer } from "./inFinalizer.js"
import * as libraryLabels from "./libraryLabels.js"
import { placeFiles } from "./placing.js"
import { capture, defaultOutputLimit, untilExit } from "./processEvents.js"

const scopeGrace = Duration.seconds(1)

// A create call that the engine never answers must not hold up interruption for ever.
const createLimit = Duration.minutes(2)

const removalLimit = Duration.seconds(30)

/**
 * What is known of a container that is being created, kept from before the
 * engine is asked so that a finalizer can remove whatever came of it.
 *
 * @internal
 */
export type Creation =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Asked"; readonly name: ContainerName.ContainerName; readonly token: string }
  | { readonly _tag: "Created"; readonly id: ContainerId.ContainerId }

interface Attempt {
  readonly creation: Ref.Ref<Creation>
  readonly lifetime: libraryLabels.Made["lifetime"]
}

const nothing: Creation = { _tag: "Nothing" }

const randomHex = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/** @internal */
export const derive = Effect.fnUntraced(function*(primitives: Primitives) {
  const session = yield* randomHex
  const annotations = { engine: primitives.engine.name }

  const createAs = (
    definition: Definition.Definition,
    name: ContainerName.ContainerName,
    { creation, lifetime }: Attempt
  ) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const token = yield* randomHex
      yield* Ref.set(creation, { _tag: "Asked", name, token })
      const labelled = Definition.labels(
        definition,
        libraryLabels.of(primitives, { session, creation: token, lifetime })
      )
      const exit = yield* withinLimit(primitives, primitives.createContainer(labelled, name))
      yield* Ref.set(
        creation,
        Exit.match(exit, {
          onSuccess: (id): Creation => ({ _tag: "Created", id }),
          onFailure: (cause): Creation =>
            cause._tag === "Fail" && (cause.error._tag === "NameInUse" || cause.error._tag === "ImageNotFound")
              ? nothing
              : { _tag: "Asked", name, token }
        })
      )
      return yield* exit
    }))

  const createNamed = (definition: Definition.Definition, attempt: Attempt) =>
    Option.match(definition.name, {
      onSome: (name) => createAs(definition, name, attempt),
      onNone: () =>
        randomHex.pipe(
          Effect.flatMap((hex) => createAs(definition, ContainerName.make(`ociman-${hex}`), attempt)),
          Effect.retry({ times: 3, while: (error) => error._tag === "NameInUse" })
        )
    })

  const pull = (definition: Definition.Definition) =>
    primitives.pullImage(definition.image, { platform: definition.platform })

  const create = (definition: Definition.Definition, attempt: Attempt) => {
    const created = createNamed(definition, attempt)
    switch (definition.pullPolicy) {
      case "always":
        return Effect.zipRight(pull(definition), created)
      case "missing":
        return Effect.catchTag(created, "ImageNotFound", () => Effect.zipRight(pull(definition), created))
      case "never":
        return created
    }
  }

  const discard = (creation: Ref.Ref<Creation>, grace: Duration.Duration) =>
    Ref.get(creation).pipe(
      Effect.flatMap((state) => {
        switch (state._tag) {
          case "Nothing":
            return Effect.void
          case "Created":
            return primitives.removeContainer(state.id, { force: true, volumes: true, grace })
          case "Asked":
            return Effect.flatMap(primitives.inspectContainer(state.name), (info) =>
              libraryLabels.creationOf(info.labels) === state.token
                ? primitives.removeContainer(info.id, { force: true, volumes: true, grace: Duration.zero })
                : Effect.void)
        }
      }),
      Effect.catchTag("ContainerNotFound", () =>
        Effect.void),
      Effect.interruptible,
      Effect.timeoutFail({
        duration: Duration.sum(grace, removalLimit),
        onTimeout: () =>
          "the engine did not answer in time"
      }),
      inFinalizer,
      Effect.catchAllCause((cause) =>
        Effect.flatMap(Ref.get(creation), (state) =>
          Effect.annotateLogs(
            Effect.logWarning("A container could not be removed", cause),
            {
              ...annotations,
              container: state._tag === "Created" ? state.id : state._tag === "Asked" ? state.name : ""
            }
          ))
      )
    )

  const createScoped = Effect.fnUntraced(function*(
    definition: Definition.Definition,
    grace: Duration.Duration,
    lifetime: Attempt["lifetime"] = "scope"
  ) {
    const creation = yield* Ref.make<Creation>(nothing)
    yield* Effect.addFinalizer(() => discard(creation, grace))
    const id = yield* create(definition, { creation, lifetime })
    yield* placeFiles(primitives, id, definition)
    return { id, creation }
  })

  const handle = (id: ContainerId.ContainerId, creation?: Ref.Ref<Creation>) =>
    makeHandle(primitives, id, creation === undefined ? Effect.void : Ref.set(creation, nothing))

  const attributes = (definition: Definition.Definition) => ({
    ...annotations,
    image: definition.image.toString()
  })

  const created = Effect.fnUntraced(function*(definition: Definition.Definition, lifetime: Attempt["lifetime"]) {
    const grace = Option.getOrElse(definition.stopTimeout, () => scopeGrace)
    const { creation, id } = yield* createScoped(definition, grace, lifetime)
    yield* Effect.annotateCurrentSpan({ container: id })
    return handle(id, creation)
  })

  const started = (definition: Definition.Definition, lifetime: Attempt["lifetime"]) =>
    Effect.tap(created(definition, lifetime), ({ id }) => primitives.startContainer(id))

  // The scope is closed at once if the container could not be made or started; else when its owner closes it.
  const inScope = <A, E, R>(
    scope: Effect.Effect<Scope.CloseableScope, never, R>,
    making: Effect.Effect<A, E, Scope.Scope>
  ) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(scope, (scope) =>
        restore(making).pipe(
          Effect.provideService(Scope.Scope, scope),
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        ))
    )

  const startIn = <R>(
    scope: Effect.Effect<Scope.CloseableScope, never, R>,
    definition: Definition.Definition,
    lifetime: Attempt["lifetime"]
  ) =>
    Effect.withSpan(inScope(scope, started(definition, lifetime)), "Backend.start", {
      captureStackTrace: false,
      attributes: attributes(definition)
    })

  const ownScope = Effect.flatMap(Effect.scope, (scope) => Scope.fork(scope, ExecutionStrategy.sequential))

  const createOnly: Service["create"] = (definition) =>
    Effect.withSpan(inScope(ownScope, created(definition, "scope")), "Backend.create", {
      captureStackTrace: false,
      attributes: attributes(definition)
    })

  const start: Service["start"] = (definition) => startIn(ownScope, definition, "scope")

  // Nobody but the caller will close it.
  const launch: Service["launch"] = (definition) => startIn(Scope.make(), definition, "kept")

  const runEvents = (definition: Definition.Definition, options: RunOptions) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const stdin = Option.fromNullable(options.stdin)
      const foreground = Option.isSome(stdin) ? Definition.interactive(definition) : definition
      const { id } = yield* createScoped(
        modify(foreground, { autoRemove: false }),
        Option.getOrElse(definition.stopTimeout, () => scopeGrace)
      )
      return primitives.startAttached(id, stdin)
    }))

  const run: Service["run"] = (definition, options = {}) =>
    capture(runEvents(definition, options), options.outputLimit ?? defaultOutputLimit).pipe(
      Effect.filterOrFail(
        ({ exitCode }) => exitCode === 0 || options.anyExitCode === true,
        ({ exitCode, stderr, stdout }) =>
          new RunFailed({ image: definition.image.toString(), exitCode, stderr, stdout })
      ),
      Effect.withSpan("Backend.run", { captureStackTrace: false, attributes: attributes(definition) })
    )

  const runStream: Service["runStream"] = (definition, options = {}) =>
    untilExit(
      runEvents(definition, options),
      ({ exitCode, stderr, stdout }) =>
        exitCode === 0 || options.anyExitCode === true
          ? Effect.void
          : new RunFailed({ image: definition.image.toString(), exitCode, stderr, stdout })
    )

  const attach: Service["attach"] = (container) =>
    isContainerKey(container)
      ? primitives.inspectContainer(container).pipe(
        Effect.map((info) => handle(info.id)),
        Effect.withSpan("Backend.attach", { captureStackTrace: false, attributes: { ...annotations, container } })
      )
      : new ContainerNotFound({ container })

  return { create: createOnly, start, launch, run, runStream, attach }
})

// What begins otherwise is no id or name, and a client might take it for a flag.
const isContainerKey = (text: string) => /^[A-Za-z0-9][\w.-]*$/.test(text)

// The limit is kept by a fiber of its own, since a timeout inside an
// uninterruptible region would wait for what it is meant to cut short.
const withinLimit = <A, E extends StartError>(primitives: Primitives, create: Effect.Effect<A, E>) =>
  create.pipe(
    Effect.timeoutFail({
      duration: createLimit,
      onTimeout: () =>
        new EngineFailed({
          engine: primitives.engine.name,
          operation: "Backend.createContainer",
          reason: "TimedOut",
          detail: `no answer within ${Duration.format(createLimit)}`
        })
    }),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await)
  )
