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
export const observations = (context: Context): Pick<Containers, "processes" | "stats"> & Events => {
  const { client, engine, explain } = context

  const failed = (operation: string, reason: EngineFailed["reason"]) => (detail: string) =>
    new EngineFailed({ engine: engine.name, operation, reason, detail })

  const decoded = <A>(operation: string, line: string, result: Either.Either<A, ParseResult.ParseError>) =>
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

  const eventsSince = (since: string, filter: Filter) =>
    lines(client.stdout(eventArguments(engine.transport, since, filter))).pipe(
      Stream.catchTag("CommandFailed", (error) => Stream.fromEffect(explain("Event.subscribe")()(error))),
      Stream.mapEffect((line) => decoded("Event.subscribe", line, eventFormat.decode(line))),
      Stream.filterMap(Option.filter(eventFormat.matchesFilter(filter)))
    )

  // Podman has no command that prints its time. Events before the subscription are in an earlier millisecond.
  const engineTime: Effect.Effect<string, EngineError> = engine.transport.client === "docker"
    ? client.run(["info", "--format", "{{.SystemTime}}"]).pipe(
      Effect.catchAll(explain("Event.subscribe")()),
      Effect.map(({ stdout }) => stdout.text.trim()),
      Effect.filterOrFail(
        (text) => Option.isSome(DateTime.make(text)),
        (text) => failed("Event.subscribe", "UnexpectedAnswer")(`"${beginning(text)}" is not a time`)
      )
    )
    : Clock.currentTimeMillis.pipe(
      Effect.tap(() => Effect.sleep("1 millis")),
      Effect.map((now) => DateTime.formatIso(DateTime.unsafeMake(now + 1)))
    )

  return {
    stats: (container, { follow }) =>
      lines(client.stdout(
        statsArguments(engine.transport, container, follow),
        follow ? {} : { timeout: answerTimeout }
      )).pipe(
        Stream.catchTag("CommandFailed", (error) =>
          Stream.fromEffect(
            explain("Container.stats")<ContainerNotFound | EngineFailed>(failures.noSuchContainer(container), {
              condition: "cannotMeasure",
              error: failed("Container.stats", "Unsupported")
            })(error)
          )),
        Stream.mapEffect((line) => decoded("Container.stats", line, statsFormat.decode(line))),
        whileRunning(() => failed("Container.stats", "Conflict")(`container ${container} is not running`))
      ),

    processes: (container) =>
      client.run([
        "container",
        "top",
        container,
        ...(engine.transport.client === "docker" ? ["-o", "pid,user,args"] : ["hpid", "user", "args"])
      ]).pipe(
        Effect.catchAll(explain("Container.processes")(failures.noSuchContainer(container))),
        Effect.flatMap(({ stdout }) =>
          Effect.mapError(processesOf(stdout.text), failed("Container.processes", "UnexpectedAnswer"))
        )
      ),

    subscribe: (filter) =>
      Effect.gen(function*() {
        const since = filter.since === undefined ? yield* engineTime : DateTime.formatIso(filter.since)
        // The client starts with the subscription, not with the first pull of the stream.
        const queue = yield* Stream.toQueueOfElements(eventsSince(since, filter), { capacity: eventBuffer })
        return Stream.flattenExitOption(Stream.fromQueue(queue))
      })
  }
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
