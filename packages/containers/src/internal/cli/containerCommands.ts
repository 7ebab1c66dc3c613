import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Containers } from "../../BackendDriver.js"
import { type ContainerError, ContainerNotFound } from "../../BackendError.js"
import * as containerInfo from "../dialect/containerInfo.js"
import { readAnswers } from "../dialect/inspection.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { retryOn } from "./retry.js"

/**
 * Runs a `container` command on an existing container and ignores its output.
 *
 * @internal
 */
export const command = <E = never>(
  { client, explain }: Context,
  operation: string,
  container: string,
  args: ReadonlyArray<string>,
  known: ReadonlyArray<failures.Known<E>> = [],
  timeout?: Duration.Duration
): Effect.Effect<void, ContainerError | E> =>
  client.run(["container", ...args], { timeout }).pipe(
    retryOn("mountHidden"),
    Effect.asVoid,
    Effect.catchAll(explain(operation)<E | ContainerNotFound>(...known, failures.noSuchContainer(container)))
  )

/** @internal */
export const inspect = (context: Context): Containers["inspect"] => (container) =>
  context.client.run(["container", "inspect", container]).pipe(
    Effect.catchAll(context.explain("Container.inspect")(failures.noSuchContainer(container))),
    Effect.flatMap(({ stdout }) => readAnswers(context, "Container.inspect", stdout.text, containerInfo.decode)),
    Effect.flatMap(([info]) => info === undefined ? new ContainerNotFound({ container }) : Effect.succeed(info))
  )
