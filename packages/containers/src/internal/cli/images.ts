import { Platform, Reference } from "@ociman/oci"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ImageNotFound } from "../../BackendError.js"
import * as ImageInfo from "../../ImageInfo.js"
import * as Label from "../../Label.js"
import type { Primitives } from "../../Primitives.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { inspectListed, nonEmptyLines, readAnswers } from "./inspection.js"

type Images = Pick<Primitives, "inspectImage" | "listImages" | "pullImage" | "removeImage">

/** @internal */
export const images = (context: Context): Images => {
  const { client, explain } = context

  return {
    pullImage: (image, { platform }) =>
      client.run(["image", "pull", ...platformArguments(platform), Reference.format(image)], { timeout: "1 hour" })
        .pipe(
          Effect.asVoid,
          Effect.catchAll(explain("Image.pull")(failures.noSuchImage(Reference.format(image))))
        ),

    inspectImage: (image) =>
      client.run(["image", "inspect", Reference.format(image)]).pipe(
        Effect.catchAll(explain("Image.inspect")(failures.noSuchImage(Reference.format(image)))),
        Effect.flatMap(({ stdout }) => readAnswers(context, "Image.inspect", stdout.text, ImageInfo.decode)),
        Effect.flatMap(([info]) =>
          info === undefined
            ? new ImageNotFound({ image: Reference.format(image), detail: "" })
            : Effect.succeed(info)
        )
      ),

    listImages: (labels) =>
      Effect.gen(function*() {
        const operation = "Image.list"
        const filters = labels.flatMap((filter) => ["--filter", Label.formatFilter(filter)])
        const { stdout } = yield* client.run(["image", "ls", "--quiet", "--no-trunc", ...filters]).pipe(
          Effect.catchAll(explain(operation)())
        )
        return yield* inspectListed(
          context,
          operation,
          ["image"],
          nonEmptyLines(stdout.text),
          "noSuchImage",
          ImageInfo.decode
        )
      }),

    removeImage: (image, { force }) =>
      client.run(["image", "rm", ...(force ? ["--force"] : []), Reference.format(image)]).pipe(
        Effect.asVoid,
        Effect.catchAll(explain("Image.remove")(failures.noSuchImage(Reference.format(image))))
      )
  }
}

const platformArguments = (platform: Option.Option<Platform.Platform>) =>
  Option.match(platform, { onNone: () => [], onSome: (platform) => ["--platform", Platform.format(platform)] })
