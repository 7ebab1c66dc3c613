import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { ContainerNotFound } from "../../BackendError.js"
import { type Events, publishChanges } from "./events.js"
import type { Options, ScriptedContainer } from "./options.js"
import { type Container, findContainer, type State } from "./state.js"

/** @internal */
export interface Context {
  readonly options: Options
  readonly state: SynchronizedRef.SynchronizedRef<State>
  readonly events: Events
  /** Scope of the fibers that run scripts. */
  readonly scope: Scope.Scope
}

/** @internal */
export const getContainer = (context: Context, key: string): Effect.Effect<Container, ContainerNotFound> =>
  Effect.flatMap(context.state.get, (state) => findContainer(state, key))

/**
 * Changes the state. Changes are serialized and uninterruptible. No change waits
 * for anything, so waiting for another change need not be interruptible either.
 *
 * @internal
 */
export const modify = <A, E>(
  context: Context,
  f: (state: State) => Effect.Effect<readonly [A, State], E>
): Effect.Effect<A, E> =>
  Effect.uninterruptible(SynchronizedRef.modifyEffect(
    context.state,
    (state) => Effect.tap(f(state), ([_, next]) => publishChanges(context, state, next))
  ))

/** @internal */
export const update = <E>(
  context: Context,
  f: (state: State) => Effect.Effect<State, E>
): Effect.Effect<void, E> => modify(context, (state) => Effect.map(f(state), (next) => [undefined, next] as const))

/** @internal */
export const modifyContainer = <A, E>(
  context: Context,
  key: string,
  f: (container: Container, state: State) => Effect.Effect<readonly [A, State], E>
): Effect.Effect<A, E | ContainerNotFound> =>
  modify(context, (state) => Effect.flatMap(findContainer(state, key), (container) => f(container, state)))

/** @internal */
export const updateContainer = <E>(
  context: Context,
  key: string,
  f: (container: Container, state: State) => Effect.Effect<State, E>
): Effect.Effect<void, E | ContainerNotFound> =>
  update(context, (state) => Effect.flatMap(findContainer(state, key), (container) => f(container, state)))

/** @internal */
export const scripted = ({ definition, id, name }: Container): ScriptedContainer => ({ id, name, definition })
