import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Output from "../../Output.js"
import { collect } from "../values/bytes.js"
import type { Answer, Script } from "./options.js"

// The Encoding API exists in every runtime, but only the types of the DOM and of Node declare it.
declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

/** @internal */
export const isAnswer = (script: Script): script is Answer => !isStream(script) && !Effect.isEffect(script)

const isStream = (script: Script): script is Stream.Stream<Output.ProcessEvent> =>
  Predicate.hasProperty(script, Stream.StreamTypeId)

/**
 * Events of a scripted process up to its exit. `fallback` follows a script without exit.
 *
 * @internal
 */
export const events = (
  script: Script,
  options: { readonly tty: boolean; readonly fallback: Stream.Stream<Output.Exit> }
): Stream.Stream<Output.ProcessEvent> => {
  const scripted = isStream(script)
    ? script
    : Effect.isEffect(script)
    ? Stream.unwrap(Effect.map(script, answerEvents))
    : answerEvents(script)
  return scripted.pipe(
    Stream.concat(options.fallback),
    Stream.map((event) => options.tty && event.source === "stderr" ? Output.stdout(event.bytes) : event),
    Stream.takeUntil(({ source }) => source === "exit")
  )
}

const answerEvents = ({ exitCode, stderr, stdout }: Answer): Stream.Stream<Output.ProcessEvent> =>
  Stream.make(
    ...(stdout === undefined ? [] : [Output.stdout(toBytes(stdout))]),
    ...(stderr === undefined ? [] : [Output.stderr(toBytes(stderr))]),
    ...(exitCode === undefined ? [] : [Output.exit(exitCode)])
  )

/** @internal */
export const toBytes = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : text

/**
 * Standard input of a process. The source is read on the first read of the process,
 * and its failure is separate from the process.
 *
 * @internal
 */
export interface Input<out E = unknown> {
  readonly read: Effect.Effect<Uint8Array>
  /** Fails if the source does; none if the source cannot fail. */
  readonly failure: Option.Option<Effect.Effect<never, E>>
}

/** @internal */
export const makeInput = Effect.fnUntraced(function*<E = never>(
  stdin: string | Uint8Array | Stream.Stream<Uint8Array, E> | undefined
): Effect.fn.Return<Input<E>> {
  if (stdin === undefined || typeof stdin === "string" || Predicate.isUint8Array(stdin)) {
    return { read: Effect.succeed(toBytes(stdin ?? "")), failure: Option.none() }
  }
  const failure = yield* Deferred.make<never, E>()
  const read = yield* Effect.cached(
    Effect.catchAll(collect(stdin), (error) => Effect.zipRight(Deferred.fail(failure, error), Effect.never))
  )
  return { read, failure: Option.some(Deferred.await(failure)) }
})
