import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Output from "../../Output.js"
import { collect } from "../values/bytes.js"
import type { Answer, Script } from "./options.js"

// Every runtime has the Encoding API, but the compiler knows it only from the DOM or from Node.
declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

/** @internal */
export const isAnswer = (script: Script): script is Answer => !isStream(script) && !Effect.isEffect(script)

const isStream = (script: Script): script is Stream.Stream<Output.ProcessEvent> =>
  Predicate.hasProperty(script, Stream.StreamTypeId)

/**
 * What a scripted process does until it ends, at the latest by `otherwise`.
 *
 * @internal
 */
export const events = (
  script: Script,
  options: { readonly tty: boolean; readonly otherwise: Stream.Stream<Output.Exit> }
): Stream.Stream<Output.ProcessEvent> => {
  const scripted = isStream(script)
    ? script
    : Effect.isEffect(script)
    ? Stream.unwrap(Effect.map(script, answerEvents))
    : answerEvents(script)
  return scripted.pipe(
    Stream.concat(options.otherwise),
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
 * What a process reads: nothing is asked of its source before the process
 * does, and the source's own failure is told apart from what the process does.
 *
 * @internal
 */
export interface Input<out E = unknown> {
  readonly read: Effect.Effect<Uint8Array>
  /** Fails if the source does; a source that is there already cannot. */
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
