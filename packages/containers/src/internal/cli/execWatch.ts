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
import { matches } from "../dialect/messages.js"
import type * as ApiConnection from "./apiConnection.js"
import type { Context } from "./context.js"

/**
 * State of a command in a container as the engine reports it.
 *
 * - `Ended`: it ran, and ended with this exit code.
 * - `Running`: it is still running.
 * - `NotStarted`: the engine created it, but could not start it.
 * - `NotFound`: the engine does not list it. It may have run or not.
 * - `Unknown`: the engine's API is not available.
 *
 * @internal
 */
export type ExecState =
  | { readonly _tag: "Ended"; readonly exitCode: number }
  | { readonly _tag: "Running" | "NotStarted" | "NotFound" | "Unknown" }

/** @internal */
export interface Watch {
  /** Arguments that identify the command on the engine. */
  readonly arguments: ReadonlyArray<string>
  /** State after the client has ended; looked up once. */
  readonly state: Effect.Effect<ExecState, ApiConnection.ConnectionError>
}

/**
 * Watches a command that a client is about to run. Finds it on the engine, while
 * it runs, by its detach keys: the only property that a client can set, that
 * the engine reports, and that the command cannot see. They have no other
 * effect, since no terminal is attached.
 *
 * This is needed since a client exits with 0 when its connection is cut, and
 * since an engine reports the end of a command only to clients that know its
 * id.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  { api, engine }: Context,
  container: string,
  mark: string
): Effect.fn.Return<Watch, never, Scope.Scope> {
  if (isLocalPodman(engine)) return unwatched
  const keys = Array.from(mark).join(",")
  const search: Search = {
    api,
    container,
    isOurs: (text) => text === keys || text === Encoding.encodeBase64(mark),
    found: yield* Deferred.make<string>(),
    stopped: yield* Deferred.make<void>(),
    others: new Set()
  }
  const polling = yield* Effect.forkScoped(inBackground(poll(search, firstPause)))
  const state = Deferred.succeed(search.stopped, undefined).pipe(
    Effect.zipRight(Effect.exit(Fiber.join(polling))),
    Effect.zipRight(currentState(search, engine)),
    // A connection that was idle while the command ran may have been closed by the engine.
    Effect.retry({ times: 1, while: (error) => !isApiUnavailable(error) }),
    Effect.catchIf(isApiUnavailable, () => Effect.succeed<ExecState>({ _tag: "Unknown" }))
  )
  const answer = yield* Deferred.make<ExecState, ApiConnection.ConnectionError>()
  const isRequested = yield* Ref.make(false)
  return {
    arguments: ["--detach-keys", keys],
    // Not interrupted with the caller, since a response that is read in part makes the connection unusable.
    state: Effect.zipRight(
      Effect.flatMap(
        Ref.getAndSet(isRequested, true),
        (isRequested) => isRequested ? Effect.void : Effect.forkDaemon(inBackground(Effect.intoDeferred(state, answer)))
      ),
      Deferred.await(answer)
    )
  }
})

interface Search {
  readonly api: ApiConnection.Connection
  readonly container: string
  readonly isOurs: (detachKeys: string) => boolean
  /** Id of the command. */
  readonly found: Deferred.Deferred<string>
  /** Done when the client has ended. */
  readonly stopped: Deferred.Deferred<void>
  /** Ids of other commands. */
  readonly others: Set<string>
}

const Container = Schema.parseJson(Schema.Struct({ ExecIDs: Schema.NullishOr(Schema.Array(Schema.String)) }))

const Inspection = Schema.parseJson(Schema.Struct({
  Running: Schema.Boolean,
  ExitCode: Schema.NullishOr(Schema.Number),
  Pid: Schema.optional(Schema.Number),
  DetachKeys: Schema.NullishOr(Schema.String)
}))

const inspect = ({ api }: Search, id: string) =>
  Effect.map(
    api.get(`/exec/${encodeURIComponent(id)}/json`),
    ({ body }) => Schema.decodeOption(Inspection)(body)
  )

/** Inspects all new commands of the container. Reports whether ours is among them. */
const find = (search: Search): Effect.Effect<boolean, ApiConnection.ConnectionError> =>
  Effect.gen(function*() {
    const { api, container, found, isOurs, others } = search
    const { body } = yield* api.get(`/containers/${encodeURIComponent(container)}/json`)
    const ids = Option.flatMapNullable(Schema.decodeOption(Container)(body), ({ ExecIDs }) => ExecIDs)
    for (const id of Option.getOrElse(ids, () => [])) {
      if (others.has(id)) continue
      const inspection = yield* inspect(search, id)
      if (Option.exists(inspection, ({ DetachKeys }) => isOurs(DetachKeys ?? ""))) {
        return yield* Effect.as(Deferred.succeed(found, id), true)
      }
      others.add(id)
    }
    return false
  })

const poll = (search: Search, pause: number): Effect.Effect<void, ApiConnection.ConnectionError> =>
  Effect.gen(function*() {
    if (yield* find(search)) return
    yield* Effect.raceFirst(Effect.sleep(pause), Deferred.await(search.stopped))
    if (!(yield* Deferred.isDone(search.stopped))) yield* poll(search, Math.min(pause * 1.2, longestPause))
  })

// In milliseconds. A command exists for at least 50 from its creation to its end.
const firstPause = 5
const longestPause = 1000

const currentState = (
  search: Search,
  engine: Engine.Engine<Engine.Cli>
): Effect.Effect<ExecState, ApiConnection.ConnectionError> =>
  Effect.gen(function*(): Effect.fn.Return<ExecState, ApiConnection.ConnectionError> {
    const id = (yield* Deferred.isDone(search.found)) || (yield* find(search))
      ? Option.some(yield* Deferred.await(search.found))
      : Option.none<string>()
    if (Option.isNone(id)) return { _tag: "NotFound" }
    const inspection = yield* inspect(search, id.value)
    if (Option.isNone(inspection)) return { _tag: "NotFound" }
    const { ExitCode, Pid, Running } = inspection.value
    if (Running) return { _tag: "Running" }
    // Podman reports no process id after the end.
    const hasRun = ExitCode !== null && ExitCode !== undefined && (engine.name !== "docker" || Pid !== 0)
    return hasRun ? { _tag: "Ended", exitCode: ExitCode } : { _tag: "NotStarted" }
  })

/**
 * Runs an effect on the default scheduler and interruptibly. The fiber that
 * starts a process, as in `Subprocess`, may have neither.
 */
const inBackground = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withScheduler(Effect.interruptible(effect), Scheduler.defaultScheduler)

/**
 * Reports whether the client is the engine itself, which is the case of Podman
 * without a service. Its exit codes are then those of the engine, and both have
 * the same clock.
 *
 * @internal
 */
export const isLocalPodman = ({ endpoint, transport: { client } }: Engine.Engine<Engine.Cli>): boolean =>
  client === "podman" && Option.isNone(endpoint)

const unwatched: Watch = { arguments: [], state: Effect.succeed({ _tag: "Unknown" }) }

/** Reports whether the client does not support `dial-stdio`, so that no engine was reached. */
const isApiUnavailable = (error: ApiConnection.ConnectionError): boolean =>
  error._tag === "Malformed" ||
  error._tag === "Disconnected" && !error.hadAnswered && !matches(error.detail, "unavailable") &&
    !matches(error.detail, "permissionDenied")
