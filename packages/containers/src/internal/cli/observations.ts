import * as Subprocess from "@ociman/process/Subprocess"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Stream from "effect/Stream"
import type { Containers, Events } from "../../BackendDriver.js"
import { type ContainerNotFound, type EngineError, EngineFailed } from "../../BackendError.js"
import type { Stats } from "../../ContainerInfo.js"
import * as eventFormat from "../dialect/events.js"
import { beginning } from "../dialect/inspection.js"
import { processesOf } from "../dialect/processes.js"
import * as statsFormat from "../dialect/stats.js"
import type { Filter } from "../model/events.js"
import { answerTimeout } from "./client.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { eventArguments } from "./flags/events.js"
import { statsArguments } from "./flags/stats.js"

/** @internal */
export const observations = (context: Context): Pick<Containers, "processes" | "stats"> & Events => ({
  stats: stats(context),
  processes: processes(context),
  subscribe: (filter) =>
    Effect.gen(function*() {
      const since = filter.since === undefined ? yield* engineTime(context) : DateTime.formatIso(filter.since)
      // The client starts with the subscription, not with the first pull of the stream.
      const queue = yield* Stream.toQueueOfElements(eventsSince(context, since, filter), { capacity: eventBuffer })
      return Stream.flattenExitOption(Stream.fromQueue(queue))
    })
})

const failed = ({ engine }: Context, operation: string, reason: EngineFailed["reason"]) => (detail: string) =>
  new EngineFailed({ engine: engine.name, operation, reason, detail })

const decoded = <A>(
  { engine }: Context,
  operation: string,
  line: string,
  result: Either.Either<A, ParseResult.ParseError>
) =>
  Effect.mapError(
    result,
    (cause) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason: "UnexpectedAnswer",
        detail: `${line.slice(0, 500)}\n${cause.message}`,
        cause
      })
  )

const stats = (context: Context): Containers["stats"] => (container, { follow }) => {
  const { client, engine, explain } = context
  const operation = "Container.stats"
  return lines(client.stdout(
    statsArguments(engine.transport, container, follow),
    follow ? {} : { timeout: answerTimeout }
  )).pipe(
    Stream.catchTag("CommandFailed", (error) =>
      Stream.fromEffect(
        explain(operation)<ContainerNotFound | EngineFailed>(failures.noSuchContainer(container), {
          condition: "cannotMeasure",
          error: failed(context, operation, "Unsupported")
        })(error)
      )),
    Stream.mapEffect((line) => decoded(context, operation, line, statsFormat.decode(line))),
    whileRunning(() => failed(context, operation, "Conflict")(`container ${container} is not running`))
  )
}

const processes = (context: Context): Containers["processes"] => (container) =>
  context.client.run([
    "container",
    "top",
    container,
    ...(context.engine.transport.client === "docker" ? ["-o", "pid,user,args"] : ["hpid", "user", "args"])
  ]).pipe(
    Effect.catchAll(context.explain("Container.processes")(failures.noSuchContainer(container))),
    Effect.flatMap(({ stdout }) =>
      Effect.mapError(processesOf(stdout.text), failed(context, "Container.processes", "UnexpectedAnswer"))
    )
  )

const eventsSince = (context: Context, since: string, filter: Filter) => {
  const { client, engine, explain } = context
  const operation = "Event.subscribe"
  return lines(client.stdout(eventArguments(engine.transport, since, filter))).pipe(
    Stream.catchTag("CommandFailed", (error) => Stream.fromEffect(explain(operation)()(error))),
    Stream.mapEffect((line) => decoded(context, operation, line, eventFormat.decode(line))),
    Stream.filterMap(Option.filter(eventFormat.matchesFilter(filter)))
  )
}

// Podman has no command that prints its time. Events before the subscription are in an earlier millisecond.
const engineTime = (context: Context): Effect.Effect<string, EngineError> => {
  const { client, engine, explain } = context
  const operation = "Event.subscribe"
  return engine.transport.client === "docker"
    ? client.run(["info", "--format", "{{.SystemTime}}"]).pipe(
      Effect.catchAll(explain(operation)()),
      Effect.map(({ stdout }) => stdout.text.trim()),
      Effect.filterOrFail(
        (text) => Option.isSome(DateTime.make(text)),
        (text) => failed(context, operation, "UnexpectedAnswer")(`"${beginning(text)}" is not a time`)
      )
    )
    : Clock.currentTimeMillis.pipe(
      Effect.tap(() => Effect.sleep("1 millis")),
      Effect.map((now) => DateTime.formatIso(DateTime.unsafeMake(now + 1)))
    )
}

/** Events that are read ahead of the consumer. More of them wait in the client, and none are lost. */
const eventBuffer = 64

const lines = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E> =>
  Subprocess.splitLines(bytes).pipe(
    Stream.map((line) => line.replace(terminalSequence, "").trim()),
    Stream.filter((line) => line !== "")
  )

// Docker's client writes cursor movements between samples, even to a pipe.
const terminalSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g")

// For a stopped container, both engines continue with samples of zeros.
const whileRunning =
  <E2>(notRunning: () => E2) => <E>(samples: Stream.Stream<Stats, E>): Stream.Stream<Stats, E | E2> =>
    samples.pipe(
      Stream.mapAccumEffect(false, (seen, stats): Effect.Effect<readonly [boolean, Option.Option<Stats>], E2> => {
        if (stats.memory.limit > 0 || stats.processes > 0) return Effect.succeed([true, Option.some(stats)])
        return seen ? Effect.succeed([true, Option.none()]) : Effect.fail(notRunning())
      }),
      Stream.takeWhile(Option.isSome),
      Stream.map(({ value }) => value)
    )
