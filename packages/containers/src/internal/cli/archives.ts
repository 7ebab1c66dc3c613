import * as Digest from "@ociman/oci/Digest"
import * as Reference from "@ociman/oci/Reference"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ImageKey, Images, ImportOptions, LoadedImages } from "../../BackendDriver.js"
import { EngineFailed } from "../../BackendError.js"
import * as ImageId from "../../ImageId.js"
import * as Output from "../../Output.js"
import { nonEmptyLines } from "../dialect/inspection.js"
import * as messages from "../dialect/messages.js"
import * as imageNames from "../model/imageNames.js"
import { transferLimit } from "./client.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import { isChanged, replayable } from "./replayable.js"
import { again, emptyStreamAgain } from "./retry.js"

/** @internal */
export const archives = (
  context: Context,
  inspect: Images["inspect"]
): Pick<Images, "import" | "load" | "save"> => {
  const { client, engine, explain } = context
  const unexpected = (operation: string, detail: string) =>
    new EngineFailed({ engine: engine.name, operation, reason: "UnexpectedAnswer", detail })

  const save = (images: ReadonlyArray<ImageKey>) =>
    // To Podman, further names are by default more names of the first image.
    client.output([
      "image",
      "save",
      ...(engine.transport.client === "podman" ? ["--multi-image-archive"] : []),
      ...images.map(imageArguments.lookup)
    ], { timeout: transferLimit }).pipe(
      (output) => Output.bytes(output, "stdout"),
      emptyStreamAgain("disturbedByPrune"),
      Stream.catchAll((error) =>
        Stream.fromEffect(
          explain("Image.save")(failures.noSuchImage(images.map(imageNames.display).join(", ")))(error)
        )
      )
    )

  return {
    load: (archive) =>
      repeated(archive, (stdin) => client.run(["image", "load"], { stdin, timeout: transferLimit })).pipe(
        Effect.catchAll(explain("Image.load")()),
        Effect.flatMap(({ stderr, stdout }) => {
          const names = messages.loaded(stdout.text)
          return names.length === 0
            ? unexpected("Image.load", `${stdout.text}${stderr.text}`.trim() || "nothing")
            : Effect.succeed(sort(names))
        })
      ),

    // Looked for first: Docker does not say which one is missing, and Podman may not say that one is.
    save: (images) =>
      Stream.unwrap(Effect.as(Effect.forEach(images, inspect, { concurrency: 4, discard: true }), save(images))),

    import: (archive, image, options) =>
      imageArguments.withoutDigest(engine.name, "Image.import", image).pipe(
        Effect.zipRight(repeated(archive, (stdin) =>
          client.run(
            ["image", "import", ...importArguments(options), "-", imageArguments.name(image)],
            { stdin, timeout: transferLimit }
          ))),
        Effect.catchTag("CommandFailed", explain("Image.import")()),
        Effect.flatMap(({ stdout }) => {
          const id = nonEmptyLines(stdout.text).at(-1) ?? ""
          return Effect.mapError(
            Schema.decode(ImageId.FromString)(id),
            () => unexpected("Image.import", `"${id}" is no image id`)
          )
        })
      )
  }
}

/**
 * Feeds a client again when a prune has disturbed it, unless the archive gives something else the second time: one that
 * can be read only once fails as it did the first time.
 */
const repeated = <A>(
  archive: Archive,
  run: (stdin: Archive) => Effect.Effect<A, CommandFailed.CommandFailed>
): Effect.Effect<A, CommandFailed.CommandFailed> =>
  Effect.suspend(() => {
    const { stream } = replayable(archive)
    const failures: Array<CommandFailed.CommandFailed> = []
    return run(stream).pipe(
      Effect.tapError((error) => Effect.sync(() => failures.push(error))),
      again("disturbedByPrune"),
      Effect.mapError((error) => isChanged(error.cause) ? failures[0] ?? error : error)
    )
  })

type Archive = Stream.Stream<Uint8Array, unknown>

const importArguments = ({ changes = [], message }: ImportOptions) => [
  ...changes.flatMap((change) => ["--change", change]),
  ...(message === undefined ? [] : ["--message", message])
]

const sort = (names: ReadonlyArray<string>): LoadedImages => ({
  ids: names.filter(Digest.isDigest),
  references: names.filter((name) => !Digest.isDigest(name)).flatMap((name) =>
    Either.match(Reference.parse(name), { onLeft: () => [], onRight: (reference) => [reference] })
  )
})
