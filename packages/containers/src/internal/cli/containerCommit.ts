import type * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import type { CommitOptions, Containers } from "../../BackendDriver.js"
import type { ContainerError } from "../../BackendError.js"
import * as Engine from "../../Engine.js"
import * as ImageId from "../../ImageId.js"
import { matches } from "../dialect/messages.js"
import { decodeLastLine } from "./answers.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import { retryOn } from "./retry.js"

export const commitArguments = (
  engine: Engine.Engine<Engine.Cli>,
  { author, changes = [], message, pause = true }: CommitOptions
): ReadonlyArray<string> => [
  ...pauseArguments(engine, pause),
  ...(author === undefined ? [] : ["--author", author]),
  // Podman keeps a message only in images of Docker's format.
  ...(message === undefined
    ? []
    : [...(engine.transport.client === "podman" ? ["--format", "docker"] : []), "--message", message]),
  ...changes.flatMap((change) => ["--change", change])
]

const pauseArguments = ({ transport: { apiVersion, client } }: Engine.Engine<Engine.Cli>, pause: boolean) => {
  if (client === "podman") return pause ? ["--pause"] : []
  if (pause) return []
  // 1.52 is the API of client 29, which deprecates `--pause`.
  return Engine.isAtLeast(apiVersion, 1, 52) ? ["--no-pause"] : ["--pause=false"]
}

const commitOnce = (
  context: Context,
  container: string,
  image: Reference.Reference,
  options: CommitOptions
) =>
  context.client.run(
    ["container", "commit", ...commitArguments(context.engine, options), container, imageArguments.name(image)],
    { timeout: "10 minutes" }
  ).pipe(
    retryOn("disturbedByPrune"),
    Effect.catchAll(context.explain("Container.commit")(failures.noSuchContainer(container))),
    Effect.flatMap(({ stdout }) =>
      decodeLastLine(context, "Container.commit", "an image id", ImageId.FromString, stdout.text)
    )
  )

/**
 * Commits a container. On an engine that cannot pause, commits without a pause
 * unless the options require one.
 *
 * @internal
 */
export const commit = (context: Context): Containers["commit"] => (container, image, options) =>
  commitOnce(context, container, image, options).pipe(
    Effect.catchIf(
      (error) => options.pause === undefined && cannotPause(error),
      () => commitOnce(context, container, image, { ...options, pause: false })
    )
  )

const cannotPause = (error: ContainerError): boolean =>
  error._tag === "EngineFailed" && matches(error.detail, "cannotPause")
