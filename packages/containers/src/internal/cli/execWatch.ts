import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Engine from "../../Engine.js"
import { says } from "../dialect/messages.js"
import type * as ApiConnection from "./apiConnection.js"
import type { Context } from "./context.js"

/**
 * State of a command in a container, in the engine's own words.
 *
 * - `Ended`: it ran, and ended with this exit code.
 * - `Running`: it runs.
 * - `NotStarted`: the engine has it, and could not start it.
 * - `NotThere`: it does not run; whether it ever did is not known.
 * - `Unknown`: the engine cannot be asked.
 *
 * @internal
 */
export type ExecState =
  | { readonly _tag: "Ended"; readonly exitCode: number }
  | { readonly _tag: "Running" | "NotStarted" | "NotThere" | "Unknown" }

/** @internal */
export interface Watch {
  /** Arguments by which the command can be told from others on the engine. */
  readonly arguments: ReadonlyArray<string>
  /** The state after the client has ended; looked up once. */
  readonly state: Effect.Effect<ExecState, ApiConnection.ConnectionError>
}

const Container = Schema.parseJson(Schema.Struct({ ExecIDs: Schema.NullishOr(Schema.Array(Schema.String)) }))

const Inspection = Schema.parseJson(Schema.Struct({
  Running: Schema.Boolean,
  ExitCode: Schema.NullishOr(Schema.Number),
  Pid: Schema.optional(Schema.Number),
  DetachKeys: Schema.NullishOr(Schema.String)
}))

/**
 * Finds a command that a client is about to run, while it runs, by its detach
 * keys: the one thing that a client can give a command, that the engine tells,
 * and that the command never sees. They are of no use to it, since no terminal
 * is attached here.
 *
 * A client gives the exit code 0 when its connection is cut, since the engine
 * then tells it of no exit code; and an engine tells of no end but to those who
 * know the command by its id.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  { api, engine }: Context,
  container: string,
  mark: string
): Effect.fn.Return<Watch, never, Scope.Scope> {
  if (isOnThisMachine(engine)) return unwatched
  const keys = Array.from(mark).join(",")
  const isOurs = (text: string) => text === keys || text === Encoding.encodeBase64(mark)
  const found = yield* Deferred.make<string>()
  const others = new Set<string>()

  const inspect = (id: string) =>
    Effect.map(
      api.get(`/exec/${encodeURIComponent(id)}/json`),
      ({ body }) => Schema.decodeOption(Inspection)(body)
    )

  /** Looks at all commands that the container has, and have not been looked at. */
  const look = Effect.gen(function*() {
    const { body } = yield* api.get(`/containers/${encodeURIComponent(container)}/json`)
    const ids = Option.flatMapNullable(Schema.decodeOption(Container)(body), ({ ExecIDs }) => ExecIDs)
    for (const id of Option.getOrElse(ids, () => [])) {
      if (others.has(id)) continue
      const inspection = yield* inspect(id)
      if (Option.exists(inspection, ({ DetachKeys }) => isOurs(DetachKeys ?? ""))) {
        return yield* Effect.as(Deferred.succeed(found, id), true)
      }
      others.add(id)
    }
    return false
  })

  const stopped = yield* Deferred.make<void>()
  const searching = (pause: number): Effect.Effect<void, ApiConnection.ConnectionError> =>
    Effect.gen(function*() {
      if (yield* look) return
      yield* Effect.raceFirst(Effect.sleep(pause), Deferred.await(stopped))
      if (!(yield* Deferred.isDone(stopped))) yield* searching(Math.min(pause * 1.2, longestPause))
    })
  const search = yield* Effect.forkScoped(beside(searching(firstPause)))

  const stateNow = Effect.gen(function*(): Effect.fn.Return<ExecState, ApiConnection.ConnectionError> {
    const id = (yield* Deferred.isDone(found)) || (yield* look)
      ? Option.some(yield* Deferred.await(found))
      : Option.none<string>()
    if (Option.isNone(id)) return { _tag: "NotThere" }
    const inspection = yield* inspect(id.value)
    if (Option.isNone(inspection)) return { _tag: "NotThere" }
    const { ExitCode, Pid, Running } = inspection.value
    if (Running) return { _tag: "Running" }
    // Podman gives no process after the end.
    const hasRun = ExitCode !== null && ExitCode !== undefined && (engine.name !== "docker" || Pid !== 0)
    return hasRun ? { _tag: "Ended", exitCode: ExitCode } : { _tag: "NotStarted" }
  })

  const state = Deferred.succeed(stopped, undefined).pipe(
    Effect.zipRight(Effect.exit(Fiber.join(search))),
    Effect.zipRight(stateNow),
    // A connection that was idle for as long as the command ran may be gone where the engine is not.
    Effect.retry({ times: 1, while: (error) => !isWithoutApi(error) }),
    Effect.catchIf(isWithoutApi, () => Effect.succeed<ExecState>({ _tag: "Unknown" }))
  )
  const answer = yield* Deferred.make<ExecState, ApiConnection.ConnectionError>()
  const isAsked = yield* Ref.make(false)
  return {
    arguments: ["--detach-keys", keys],
    // Asked once, and to the end, since nobody could read the rest of an answer.
    state: Effect.zipRight(
      Effect.unlessEffect(Effect.forkDaemon(beside(Effect.intoDeferred(state, answer))), Ref.getAndSet(isAsked, true)),
      Deferred.await(answer)
    )
  }
})

/**
 * A process may be started by a fiber that waits for no turns and cannot be
 * interrupted, as by `Subprocess`. What goes on beside it does, and can.
 */
const beside = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withScheduler(Effect.interruptible(effect), Scheduler.defaultScheduler)

// In milliseconds. A command lives for some 50 at least, from its creation to its end.
const firstPause = 5
const longestPause = 1000

/**
 * Reports whether the client is the engine itself, as Podman's is without a service. Its word is the engine's, and so is
 * its clock.
 *
 * @internal
 */
export const isOnThisMachine = ({ endpoint, transport: { client } }: Engine.Engine<Engine.Cli>): boolean =>
  client === "podman" && Option.isNone(endpoint)

const unwatched: Watch = { arguments: [], state: Effect.succeed({ _tag: "Unknown" }) }

/** A client that knows no `dial-stdio`, which no engine has answered. */
const isWithoutApi = (error: ApiConnection.ConnectionError): boolean =>
  error._tag === "Malformed" ||
  error._tag === "Disconnected" && !error.hadAnswered && !says(error.detail, "unavailable") &&
    !says(error.detail, "permissionDenied")
