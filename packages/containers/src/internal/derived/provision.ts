import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { NameInUse } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import * as Label from "../../Label.js"
import type { Host } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import { inFinalizer } from "../values/inFinalizer.js"
import { forkedScope, ownedBy, randomHex, withinLimit } from "./creation.js"

const removalLimit = Duration.seconds(30)

/**
 * How a kind of thing is made, found again and removed.
 *
 * @internal
 */
export interface Kind<Name extends string, Id extends string, E extends { readonly _tag: string }> {
  readonly engine: Engine.Engine
  readonly host: Host
  readonly what: "network" | "volume"
  readonly operation: string
  /** Of this process. */
  readonly session: string
  readonly labels: Label.Labels
  readonly name: Option.Option<Name>
  readonly toName: (text: string) => Name
  /** With the labels that mark it as the outcome of the call. */
  readonly create: (
    name: Name,
    labels: Label.Labels,
    token: string
  ) => Effect.Effect<Id, E | NameInUse>
  readonly find: (filter: Label.Filter) => Effect.Effect<ReadonlyArray<Id>, { readonly _tag: string }>
  /** That there is no such thing is no error. */
  readonly remove: (id: Id) => Effect.Effect<void, { readonly _tag: string }>
}

/**
 * What is known of what is being made, kept from before the engine is asked so
 * that a finalizer can remove whatever came of it.
 */
type Provision<Name, Id> =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Asked"; readonly name: Name; readonly token: string }
  | { readonly _tag: "Made"; readonly name: Name; readonly token: string; readonly id: Id }

/** @internal */
export interface Made<Name, Id> {
  readonly id: Id
  readonly name: Name
  /** It has been removed otherwise, and what has its name from now on is somebody else's. */
  readonly forget: Effect.Effect<void>
}

/**
 * Makes something that is removed when the scope closes. Interruption at any
 * moment leaves nothing behind.
 *
 * @internal
 */
export const provide = <Name extends string, Id extends string, E extends { readonly _tag: string }>(
  kind: Kind<Name, Id, E>
) => {
  const createAs = (name: Name, provision: Ref.Ref<Provision<Name, Id>>) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const token = yield* randomHex
      yield* Ref.set(provision, { _tag: "Asked", name, token })
      const marks = libraryLabels.of(kind.host, { session: kind.session, creation: token, lifetime: "scope" })
      const labels = Object.entries(marks).reduce((all, [key, value]) => Label.set(all, key, value), kind.labels)
      const exit = yield* withinLimit(kind.engine, kind.operation, kind.create(name, labels, token))
      if (Exit.isSuccess(exit)) yield* Ref.set(provision, { _tag: "Made", name, token, id: exit.value })
      if (Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error._tag === "NameInUse") {
        yield* Ref.set(provision, { _tag: "Nothing" })
      }
      return { id: yield* exit, name }
    }))

  const createRandomlyNamed = (provision: Ref.Ref<Provision<Name, Id>>) =>
    randomHex.pipe(
      Effect.flatMap((hex) => createAs(kind.toName(`ociman-${hex}`), provision)),
      Effect.retry({ times: 3, while: (error) => error._tag === "NameInUse" })
    )

  const discard = (provision: Ref.Ref<Provision<Name, Id>>) =>
    Effect.flatMap(Ref.get(provision), (state) => {
      if (state._tag === "Nothing") return Effect.void
      // A name may be another's by now; the mark is not.
      return kind.find(libraryLabels.madeBy(state.token)).pipe(
        Effect.flatMap(Effect.forEach(kind.remove, { discard: true })),
        Effect.interruptible,
        Effect.timeoutFail({
          duration: removalLimit,
          onTimeout: () => ({ _tag: "TimedOut", message: "the engine did not answer in time" })
        }),
        inFinalizer,
        Effect.catchAllCause((cause) =>
          Effect.logWarning(`A ${kind.what} could not be removed`, cause).pipe(
            Effect.annotateLogs({ engine: kind.engine.name, [kind.what]: state.name })
          )
        )
      )
    })

  const made = Effect.gen(function*() {
    const provision = yield* Ref.make<Provision<Name, Id>>({ _tag: "Nothing" })
    yield* Effect.addFinalizer(() => discard(provision))
    const { id, name } = yield* Option.match(kind.name, {
      onSome: (name) => createAs(name, provision),
      onNone: () => createRandomlyNamed(provision)
    })
    return { id, name, forget: Ref.set(provision, { _tag: "Nothing" }) } satisfies Made<Name, Id>
  })

  return ownedBy(forkedScope, made)
}
