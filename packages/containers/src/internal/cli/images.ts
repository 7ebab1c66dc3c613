import * as Digest from "@ociman/oci/Digest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type { ImageKey, Images } from "../../BackendDriver.js"
import { type EngineError, EngineFailed, type ImageError, ImageNotFound } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import * as ImageHistory from "../../ImageHistory.js"
import * as ImageInfo from "../../ImageInfo.js"
import * as Label from "../../Label.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import * as messages from "../dialect/messages.js"
import * as imageNames from "../model/imageNames.js"
import { archives } from "./archives.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"
import { again } from "./retry.js"
import { transfers } from "./transfers.js"

/** @internal */
export const images = (context: Context): Images => {
  const { client, engine, explain } = context

  // Podman forgets names that are given to an image at the same time.
  const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)
  const alone: <A, E>(self: Effect.Effect<A, E>) => Effect.Effect<A, E> = engine.name === "podman"
    ? oneAtATime
    : identity

  const inspectImage: Images["inspect"] = (image) =>
    client.run(["image", "inspect", imageArguments.lookup(image)]).pipe(
      again("imageDisturbed"),
      Effect.catchAll(explain("Image.inspect")(failures.noSuchImage(imageNames.display(image)))),
      Effect.flatMap(({ stdout }) => readAnswers(context, "Image.inspect", stdout.text, ImageInfo.decode)),
      Effect.flatMap(([info]) =>
        info === undefined
          ? new ImageNotFound({ image: imageNames.display(image), detail: "" })
          : Effect.succeed(info)
      )
    )

  const listImages: Images["list"] = (labels) =>
    Effect.gen(function*() {
      const operation = "Image.list"
      const filters = labelFilters.flags(engine.transport, labels)
      const { stdout } = yield* client.run(["image", "ls", "--quiet", "--no-trunc", ...filters]).pipe(
        again("listingDisturbed"),
        Effect.catchAll(explain(operation)())
      )
      const infos = yield* inspectListed(
        context,
        operation,
        ["image"],
        nonEmptyLines(stdout.text),
        "noSuchImage",
        ImageInfo.decode
      )
      return labelFilters.select(infos, labels)
    })

  const prune = (all: boolean, filters: ReadonlyArray<string>) =>
    client.run([
      "image",
      "prune",
      "--force",
      ...(all ? ["--all"] : []),
      ...filters.flatMap((filter) => ["--filter", filter])
    ], { timeout: "10 minutes" }).pipe(
      again("pruneRunning"),
      again("listingDisturbed"),
      Effect.catchAll(explain("Image.prune")()),
      Effect.map(({ stdout }) => messages.removed(stdout.text))
    )

  // Of several filters of one kind, any is enough for Podman 4, and Podman 5 wants all: only one says the same to both.
  const pruneEach = (
    all: boolean,
    ids: ReadonlyArray<Digest.Digest>
  ): Effect.Effect<ReadonlyArray<Digest.Digest>, EngineError> =>
    Effect.gen(function*() {
      const removed = yield* Effect.forEach(ids, (id) => prune(all, [`id=${Digest.encoded(id)}`]))
      const left = Arr.difference(ids, removed.flat())
      // An image may have been kept by one that was removed after it.
      return removed.flat().length === 0 || left.length === 0
        ? removed.flat()
        : [...removed.flat(), ...yield* pruneEach(all, left)]
    })

  // The engine removes what it selects itself, so the filters must select neither more nor less.
  const exactFilters = (labels: ReadonlyArray<Label.Filter>): Effect.Effect<ReadonlyArray<string>, EngineError> => {
    const inexact = labels.find((filter) => !labelFilters.isExact(engine.transport.client, filter))
    return inexact === undefined ? Effect.succeed(labels.map(Label.formatFilter)) : new EngineFailed({
      engine: engine.name,
      operation: "Image.prune",
      reason: "Unsupported",
      detail: `Docker cannot select a label with an empty value or with white space around it (${
        JSON.stringify(Label.formatFilter(inexact))
      }); list the images by it and remove them one by one`
    })
  }

  const remove = (image: ImageKey, flags: ReadonlyArray<string>) =>
    client.run(["image", "rm", ...flags, imageArguments.lookup(image)]).pipe(
      Effect.asVoid,
      Effect.catchAll(explain("Image.remove")(failures.noSuchImage(imageNames.display(image))))
    )

  // Podman's force would remove the containers that use the image, running or not; Docker's leaves them.
  const forceRemove = (image: ImageKey) =>
    engine.name === "docker"
      ? remove(image, ["--force"])
      : Effect.catchIf(remove(image, []), isConflict, (conflict) =>
        Effect.flatMap(inspectImage(image), ({ id, tags }) => {
          if (typeof image !== "string") {
            return untag(id, imageArguments.lookup(image))
          }
          return tags.length === 0
            ? conflict
            : Effect.zipRight(
              untag(id),
              Effect.catchIf(remove(id, []), isConflict, () =>
                Effect.void)
            )
        }))

  const untag = (...args: ReadonlyArray<string>) =>
    client.run(["image", "untag", ...args]).pipe(
      Effect.asVoid,
      Effect.catchAll(explain("Image.remove")())
    )

  return {
    ...transfers(context),
    ...archives(context, inspectImage),

    inspect: inspectImage,

    history: (image) =>
      client.run([...historyCommand(engine.transport.client), imageArguments.lookup(image)]).pipe(
        Effect.catchAll(explain("Image.history")(failures.noSuchImage(imageNames.display(image)))),
        Effect.flatMap(({ stdout }) =>
          engine.transport.client === "podman"
            ? readAnswers(context, "Image.history", stdout.text, ImageHistory.fromPodman)
            : readAnswers(context, "Image.history", `[${stdout.text.trim().split("\n")}]`, ImageHistory.fromDocker)
        )
      ),

    list: listImages,

    tag: (image, name) =>
      imageArguments.withoutDigest(engine.name, "Image.tag", name).pipe(
        Effect.zipRight(
          alone(client.run(["image", "tag", imageArguments.lookup(image), imageArguments.name(name)]))
        ),
        Effect.asVoid,
        Effect.catchTag("CommandFailed", explain("Image.tag")(failures.noSuchImage(imageNames.display(image))))
      ),

    // By force, neither client says that there is no such image.
    remove: (image, { force }) =>
      alone(force ? Effect.zipRight(inspectImage(image), forceRemove(image)) : remove(image, [])),

    prune: ({ all, labels }) =>
      engine.name === "podman" && labels.length > 0
        ? Effect.flatMap(listImages(labels), (infos) => pruneEach(all, infos.map(({ id }) => id)))
        : Effect.flatMap(exactFilters(labels), (filters) => prune(all, filters))
  }
}

const isConflict = (error: ImageError): error is EngineFailed =>
  error._tag === "EngineFailed" && error.reason === "Conflict"

const historyCommand = (client: Engine.Name) => [
  "image",
  "history",
  "--no-trunc",
  "--human=false",
  "--format",
  client === "podman" ? "json" : "{{json .}}"
]
