import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { ContainerNotFound } from "../../BackendError.js"
import type { Options, ScriptedContainer } from "../../MemoryBackend.js"
import { type Container, findContainer, type State } from "./state.js"

/** @internal */
export interface Context {
  readonly options: Options
  readonly state: SynchronizedRef.SynchronizedRef<State>
  /** Where processes run. */
  readonly scope: Scope.Scope
}

/** @internal */
export const getContainer = (context: Context, key: string): Effect.Effect<Container, ContainerNotFound> =>
  Effect.flatMap(context.state.get, (state) => findContainer(state, key))

/**
 * Changes the state by a container, one change at a time and each to its end.
 *
 * @internal
 */
export const change = <A, E>(
  context: Context,
  key: string,
  f: (container: Container, state: State) => Effect.Effect<readonly [A, State], E>
): Effect.Effect<A, E | ContainerNotFound> =>
  SynchronizedRef.modifyEffect(
    context.state,
    (state) => Effect.uninterruptible(Effect.flatMap(findContainer(state, key), (container) => f(container, state)))
  )

/** @internal */
export const update = <E>(
  context: Context,
  key: string,
  f: (container: Container, state: State) => Effect.Effect<State, E>
): Effect.Effect<void, E | ContainerNotFound> =>
  change(context, key, (container, state) => Effect.map(f(container, state), (state) => [undefined, state] as const))

/** @internal */
export const scripted = ({ definition, id, name }: Container): ScriptedContainer => ({ id, name, definition })
