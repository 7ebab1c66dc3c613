import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type { ImageKey, Images } from "../../BackendDriver.js"
import { type EngineFailed, type ImageError, ImageNotFound } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import * as imageHistory from "../dialect/imageHistory.js"
import * as imageInfo from "../dialect/imageInfo.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import * as imageNames from "../model/imageNames.js"
import { archives } from "./archives.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import * as labelFilters from "./flags/labelFilters.js"
import { prune } from "./imagePrune.js"
import { inspectListed } from "./inspectListed.js"
import { retryOn } from "./retry.js"
import { transfers } from "./transfers.js"

/** @internal */
export const images = (context: Context): Images => {
  // Podman loses names that are given to an image concurrently.
  const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)
  const serialized: Serialized = context.engine.name === "podman" ? oneAtATime : identity
  return {
    ...transfers(context),
    ...archives(context, inspect(context)),
    inspect: inspect(context),
    history: history(context),
    list: list(context),
    tag: tag(context, serialized),
    // With `--force`, neither client reports a missing image.
    remove: (image, { force }) =>
      serialized(
        force
          ? Effect.zipRight(inspect(context)(image), forceRemove(context, image))
          : remove(context, image, [])
      ),
    prune: prune(context, list(context))
  }
}

type Serialized = <A, E>(self: Effect.Effect<A, E>) => Effect.Effect<A, E>

const inspect = (context: Context): Images["inspect"] => (image) =>
  context.client.run(["image", "inspect", imageArguments.lookup(image)]).pipe(
    retryOn("imageDisturbed"),
    Effect.catchAll(context.explain("Image.inspect")(failures.noSuchImage(imageNames.display(image)))),
    Effect.flatMap(({ stdout }) => readAnswers(context, "Image.inspect", stdout.text, imageInfo.decode)),
    Effect.flatMap(([info]) =>
      info === undefined
        ? new ImageNotFound({ image: imageNames.display(image), detail: "" })
        : Effect.succeed(info)
    )
  )

const list = (context: Context): Images["list"] => (labels) =>
  Effect.gen(function*() {
    const { client, engine, explain } = context
    const operation = "Image.list"
    const filters = labelFilters.flags(engine.transport, labels)
    const { stdout } = yield* client.run(["image", "ls", "--quiet", "--no-trunc", ...filters]).pipe(
      retryOn("listingDisturbed"),
      Effect.catchAll(explain(operation)())
    )
    const infos = yield* inspectListed(
      context,
      operation,
      ["image"],
      nonEmptyLines(stdout.text),
      "noSuchImage",
      imageInfo.decode
    )
    return labelFilters.select(infos, labels)
  })

const history = (context: Context): Images["history"] => (image) => {
  const { client, engine, explain } = context
  const operation = "Image.history"
  return client.run([...historyCommand(engine.transport.client), imageArguments.lookup(image)]).pipe(
    Effect.catchAll(explain(operation)(failures.noSuchImage(imageNames.display(image)))),
    Effect.flatMap(({ stdout }) =>
      engine.transport.client === "podman"
        ? readAnswers(context, operation, stdout.text, imageHistory.fromPodman)
        : readAnswers(context, operation, `[${stdout.text.trim().split("\n")}]`, imageHistory.fromDocker)
    )
  )
}

const historyCommand = (client: Engine.Name) => [
  "image",
  "history",
  "--no-trunc",
  "--human=false",
  "--format",
  client === "podman" ? "json" : "{{json .}}"
]

const tag = ({ client, engine, explain }: Context, serialized: Serialized): Images["tag"] => (image, name) =>
  imageArguments.rejectDigest(engine.name, "Image.tag", name).pipe(
    Effect.zipRight(
      serialized(client.run(["image", "tag", imageArguments.lookup(image), imageArguments.name(name)]))
    ),
    Effect.asVoid,
    Effect.catchTag("CommandFailed", explain("Image.tag")(failures.noSuchImage(imageNames.display(image))))
  )

const remove = ({ client, explain }: Context, image: ImageKey, flags: ReadonlyArray<string>) =>
  client.run(["image", "rm", ...flags, imageArguments.lookup(image)]).pipe(
    Effect.asVoid,
    Effect.catchAll(explain("Image.remove")(failures.noSuchImage(imageNames.display(image))))
  )

/** Removes an image, but no container: Podman's `--force` would remove the containers that use it. */
const forceRemove = (context: Context, image: ImageKey) =>
  context.engine.name === "docker"
    ? remove(context, image, ["--force"])
    : Effect.catchIf(remove(context, image, []), isConflict, (conflict) =>
      Effect.flatMap(inspect(context)(image), ({ id, tags }) => {
        if (typeof image !== "string") {
          return untag(context, id, imageArguments.lookup(image))
        }
        return tags.length === 0
          ? conflict
          : Effect.zipRight(
            untag(context, id),
            Effect.catchIf(remove(context, id, []), isConflict, () =>
              Effect.void)
          )
      }))

const untag = ({ client, explain }: Context, ...args: ReadonlyArray<string>) =>
  client.run(["image", "untag", ...args]).pipe(
    Effect.asVoid,
    Effect.catchAll(explain("Image.remove")())
  )

const isConflict = (error: ImageError): error is EngineFailed =>
  error._tag === "EngineFailed" && error.reason === "Conflict"
