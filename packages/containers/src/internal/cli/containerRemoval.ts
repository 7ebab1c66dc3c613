import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Containers } from "../../BackendDriver.js"
import type { ContainerError, EngineFailed } from "../../BackendError.js"
import * as Engine from "../../Engine.js"
import { matches } from "../dialect/messages.js"
import { command, inspect } from "./containerCommands.js"
import type { Context } from "./context.js"
import { wholeSeconds } from "./flags/create.js"

/** Time that an engine gets for a stop, in addition to the grace period. */
const stopAllowance = Duration.minutes(1)

/** @internal */
export const graceArguments = (grace: Option.Option<Duration.Duration>) =>
  Option.match(grace, { onNone: () => [], onSome: (grace) => ["--time", wholeSeconds(grace)] })

/** @internal */
export const unpause = (context: Context): Containers["unpause"] => (container) =>
  command(context, "Container.unpause", container, ["unpause", container])

const stopOnce = (context: Context, container: string, grace: Option.Option<Duration.Duration>) =>
  command(
    context,
    "Container.stop",
    container,
    ["stop", ...graceArguments(grace), container],
    [],
    Duration.sum(Option.getOrElse(grace, () => Duration.minutes(1)), stopAllowance)
  )

/**
 * Stops a container. Docker resumes a paused container in order to stop it;
 * Podman refuses to stop it, so it is resumed first.
 *
 * @internal
 */
export const stop = (context: Context): Containers["stop"] => (container, grace) =>
  stopOnce(context, container, grace).pipe(
    Effect.catchIf(
      isConflict,
      (conflict) =>
        Effect.flatMap(inspect(context)(container), ({ state }) =>
          state.status === "paused"
            ? Effect.zipRight(unpause(context)(container), stopOnce(context, container, grace))
            : conflict)
    )
  )

const forceRemove = (context: Context, container: string, volumes: boolean, grace: Duration.Duration) => {
  const { engine } = context
  const removal = ["rm", "--force", ...(volumes ? ["--volumes"] : [])]
  // Podman stops and removes by one command; Docker's forced removal kills without a grace period.
  if (engine.transport.client === "podman" && Engine.isAtLeast(engine.transport.apiVersion, 4)) {
    const args = [...removal, "--time", wholeSeconds(grace), container]
    return command(context, "Container.remove", container, args, [], Duration.sum(grace, stopAllowance))
  }
  const stopFirst = Duration.toMillis(grace) === 0 ? Effect.void : stop(context)(container, Option.some(grace))
  return Effect.zipRight(stopFirst, command(context, "Container.remove", container, [...removal, container]))
}

/**
 * Removes a container. Waits for a removal that is already in progress, for
 * example that of `--rm`.
 *
 * @internal
 */
export const remove = (context: Context): Containers["remove"] => (container, { force, grace, volumes }) => {
  const removal = force
    ? forceRemove(context, container, volumes, grace)
    : command(context, "Container.remove", container, ["rm", ...(volumes ? ["--volumes"] : []), container])
  return removal.pipe(
    Effect.retry({ while: isBusy, schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("10 seconds")) }),
    Effect.catchIf(isBeingRemoved, () => waitUntilRemoved(inspect(context)(container)))
  )
}

const isConflict = (error: ContainerError): error is EngineFailed =>
  error._tag === "EngineFailed" && error.reason === "Conflict"

const isBusy = (error: ContainerError): boolean => error._tag === "EngineFailed" && matches(error.detail, "busy")

const isBeingRemoved = (error: ContainerError): boolean =>
  error._tag === "EngineFailed" && matches(error.detail, "removalInProgress")

const waitUntilRemoved = (inspect: Effect.Effect<unknown, ContainerError>) =>
  inspect.pipe(
    Effect.repeat(Schedule.spaced("50 millis").pipe(Schedule.upTo("1 minute"))),
    Effect.asVoid,
    Effect.catchTag("ContainerNotFound", () => Effect.void)
  )
