import * as Digest from "@ociman/oci/Digest"
import * as Reference from "@ociman/oci/Reference"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { ImageKey, Images, ImportOptions, LoadedImages } from "../../BackendDriver.js"
import * as ImageId from "../../ImageId.js"
import * as Output from "../../Output.js"
import * as messages from "../dialect/messages.js"
import * as imageNames from "../model/imageNames.js"
import { decodeLastLine, unexpectedAnswer } from "./answers.js"
import { transferTimeout } from "./client.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import { isChanged, replayable } from "./replayable.js"
import { retryEmptyStreamOn, retryOn } from "./retry.js"

/** @internal */
export const archives = (
  context: Context,
  inspect: Images["inspect"]
): Pick<Images, "import" | "load" | "save"> => {
  const { client, engine, explain } = context

  const save = (images: ReadonlyArray<ImageKey>) =>
    // By default, Podman takes further names for more names of the first image.
    client.output([
      "image",
      "save",
      ...(engine.transport.client === "podman" ? ["--multi-image-archive"] : []),
      ...images.map(imageArguments.lookup)
    ], { timeout: transferTimeout }).pipe(
      (output) => Output.bytes(output, "stdout"),
      retryEmptyStreamOn("disturbedByPrune"),
      Stream.catchAll((error) =>
        Stream.fromEffect(
          explain("Image.save")(failures.noSuchImage(images.map(imageNames.display).join(", ")))(error)
        )
      )
    )

  return {
    load: (archive) =>
      withReplay(archive, (stdin) => client.run(["image", "load"], { stdin, timeout: transferTimeout })).pipe(
        Effect.catchAll(explain("Image.load")()),
        Effect.flatMap(({ stderr, stdout }) => {
          const names = messages.loadedNames(stdout.text)
          return names.length === 0
            ? unexpectedAnswer(context, "Image.load", `${stdout.text}${stderr.text}`.trim() || "nothing")
            : Effect.succeed(toLoadedImages(names))
        })
      ),

    // Inspected first: Docker does not report which image is missing, and Podman may not report a missing one at all.
    save: (images) =>
      Stream.unwrap(Effect.as(Effect.forEach(images, inspect, { concurrency: 4, discard: true }), save(images))),

    import: (archive, image, options) =>
      imageArguments.rejectDigest(engine.name, "Image.import", image).pipe(
        Effect.zipRight(withReplay(archive, (stdin) =>
          client.run(
            ["image", "import", ...importArguments(options), "-", imageArguments.name(image)],
            { stdin, timeout: transferTimeout }
          ))),
        Effect.catchTag("CommandFailed", explain("Image.import")()),
        Effect.flatMap(({ stdout }) =>
          decodeLastLine(context, "Image.import", "an image id", ImageId.FromString, stdout.text)
        )
      )
  }
}

/**
 * Repeats a command that a concurrent prune has disturbed, if its input can be replayed. Otherwise fails with the error
 * of the first run.
 */
const withReplay = <A>(
  archive: Archive,
  run: (stdin: Archive) => Effect.Effect<A, CommandFailed.CommandFailed>
): Effect.Effect<A, CommandFailed.CommandFailed> =>
  Effect.suspend(() => {
    const { stream } = replayable(archive)
    const failures: Array<CommandFailed.CommandFailed> = []
    return run(stream).pipe(
      Effect.tapError((error) => Effect.sync(() => failures.push(error))),
      retryOn("disturbedByPrune"),
      Effect.mapError((error) => isChanged(error.cause) ? failures[0] ?? error : error)
    )
  })

type Archive = Stream.Stream<Uint8Array, unknown>

const importArguments = ({ changes = [], message }: ImportOptions) => [
  ...changes.flatMap((change) => ["--change", change]),
  ...(message === undefined ? [] : ["--message", message])
]

const toLoadedImages = (names: ReadonlyArray<string>): LoadedImages => ({
  ids: names.filter(Digest.isDigest),
  references: names.filter((name) => !Digest.isDigest(name)).flatMap((name) =>
    Either.match(Reference.parse(name), { onLeft: () => [], onRight: (reference) => [reference] })
  )
})
