import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import { EngineFailed } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import { inFinalizer } from "../values/inFinalizer.js"

// A create call without an answer must not delay interruption forever.
const createLimit = Duration.minutes(2)

const removalLimit = Duration.seconds(30)

/** Driver of a backend, and the random id of the backend. */
export interface Context {
  readonly driver: HostedDriver
  readonly session: string
}

/** The create call has been sent; its result is unknown. */
interface Requested<Name> {
  readonly _tag: "Requested"
  readonly name: Name
  readonly token: string
}

interface Created<Name, Id> {
  readonly _tag: "Created"
  readonly name: Name
  readonly token: string
  readonly id: Id
}

/** Progress of a creation, recorded before the engine is called so that a finalizer can remove the result. */
type Progress<Name, Id> = { readonly _tag: "None" } | Requested<Name> | Created<Name, Id>

type State<Name, Id> = Ref.Ref<Progress<Name, Id>>

/**
 * Container, network or volume to create, and its removal.
 *
 * @internal
 */
export interface Resource<Name extends string, Id extends string, E extends { readonly _tag: string }> {
  readonly kind: "container" | "network" | "volume"
  /** Operation for errors, such as `Network.make`. */
  readonly operation: string
  readonly lifetime: libraryLabels.Creation["lifetime"]
  /** Name of the resource. Default: a random one. */
  readonly name: Option.Option<Name>
  readonly toName: (text: string) => Name
  /** Creates the resource with additional labels, which contain the token. */
  readonly create: (name: Name, labels: Readonly<Record<string, string>>, token: string) => Effect.Effect<Id, E>
  /** Tags of errors after which there is certainly nothing to remove. */
  readonly rejections: ReadonlyArray<E["_tag"]>
  /** Removes the resource, identified by its token unless the id is sufficient. A missing one is not an error. */
  readonly remove: (progress: Requested<Name> | Created<Name, Id>) => Effect.Effect<void, { readonly _tag: string }>
  /** Time between the stop signal and `SIGKILL` in `remove`. */
  readonly grace: Duration.Duration
}

/** Resource that is removed when the scope closes. */
interface Opened<Name, Id, E> {
  /** Creates the resource. Can be repeated after a failure. */
  readonly create: Effect.Effect<{ readonly id: Id; readonly name: Name }, E | EngineFailed>
  /** Forgets the resource, which was removed explicitly: its name may be reused from now on. */
  readonly forget: Effect.Effect<void>
}

/** @internal */
export const randomHex = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/**
 * Reports whether a text may be an id or name. A client might parse other texts as a flag.
 *
 * @internal
 */
export const isKey = (text: string): boolean => /^[A-Za-z0-9][\w.-]*$/.test(text)

/**
 * Limits the time of a create call. Runs it in a daemon fiber, since a timeout in an uninterruptible region would wait
 * for the call.
 */
const withinLimit = <A, E>(
  engine: Engine.Engine,
  operation: string,
  create: Effect.Effect<A, E>
): Effect.Effect<Exit.Exit<A, E | EngineFailed>> =>
  create.pipe(
    Effect.timeoutFail({
      duration: createLimit,
      onTimeout: () =>
        new EngineFailed({
          engine: engine.name,
          operation,
          reason: "TimedOut",
          detail: `no answer within ${Duration.format(createLimit)}`
        })
    }),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await)
  )

const createAs = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  { driver, session }: Context,
  resource: Resource<Name, Id, E>,
  state: State<Name, Id>,
  name: Name
) =>
  Effect.uninterruptible(Effect.gen(function*() {
    const token = yield* randomHex
    yield* Ref.set(state, { _tag: "Requested", name, token })
    const labels = libraryLabels.of(driver.host, { session, creation: token, lifetime: resource.lifetime })
    const exit = yield* withinLimit(driver.engine, resource.operation, resource.create(name, labels, token))
    if (Exit.isSuccess(exit)) yield* Ref.set(state, { _tag: "Created", name, token, id: exit.value })
    if (Exit.isFailure(exit) && exit.cause._tag === "Fail" && resource.rejections.includes(exit.cause.error._tag)) {
      yield* Ref.set(state, { _tag: "None" })
    }
    return { id: yield* exit, name }
  }))

const createNamed = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  context: Context,
  resource: Resource<Name, Id, E>,
  state: State<Name, Id>
) =>
  Option.match(resource.name, {
    onSome: (name) => createAs(context, resource, state, name),
    onNone: () =>
      randomHex.pipe(
        Effect.flatMap((hex) => createAs(context, resource, state, resource.toName(`ociman-${hex}`))),
        Effect.retry({ times: 3, while: (error) => error._tag === "NameInUse" })
      )
  })

const discard = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  { driver }: Context,
  resource: Resource<Name, Id, E>,
  state: State<Name, Id>
) =>
  Effect.flatMap(Ref.get(state), (progress) =>
    progress._tag === "None"
      ? Effect.void
      : resource.remove(progress).pipe(
        Effect.interruptible,
        Effect.timeoutFail({
          duration: Duration.sum(resource.grace, removalLimit),
          onTimeout: () => "the engine did not answer in time"
        }),
        inFinalizer,
        Effect.catchAllCause((cause) =>
          Effect.logWarning(`A ${resource.kind} could not be removed`, cause).pipe(
            Effect.annotateLogs({
              engine: driver.engine.name,
              [resource.kind]: progress._tag === "Created" ? progress.id : progress.name
            })
          )
        )
      ))

/**
 * Prepares a resource that is removed when the scope closes. Interruption at any point leaves nothing behind.
 *
 * @internal
 */
export const open = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  context: Context,
  resource: Resource<Name, Id, E>
): Effect.Effect<Opened<Name, Id, E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const state = yield* Ref.make<Progress<Name, Id>>({ _tag: "None" })
    yield* Effect.addFinalizer(() => discard(context, resource, state))
    return { create: createNamed(context, resource, state), forget: Ref.set(state, { _tag: "None" }) }
  })

/**
 * Creates a resource that is removed when the scope closes. Interruption at any point leaves nothing behind.
 *
 * @internal
 */
export const make = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  context: Context,
  resource: Resource<Name, Id, E>
) =>
  ownedBy(
    forkedScope,
    Effect.flatMap(
      open(context, resource),
      ({ create, forget }) => Effect.map(create, (created) => ({ ...created, forget }))
    )
  )

/** @internal */
export const forkedScope = Effect.flatMap(
  Effect.scope,
  (scope) => Scope.fork(scope, ExecutionStrategy.sequential)
)

/**
 * Runs an effect in a scope, which is closed if the effect fails.
 *
 * @internal
 */
export const ownedBy = <A, E, R, R2>(
  scope: Effect.Effect<Scope.CloseableScope, never, R2>,
  make: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(scope, (scope) =>
      restore(make).pipe(
        Effect.provideService(Scope.Scope, scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      ))
  )
