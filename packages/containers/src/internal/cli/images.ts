import { Platform, Reference } from "@ociman/oci"
import type { CommandFailed } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import { BuildFailed, type EngineError, ImageNotFound } from "../../BackendError.js"
import * as ImageInfo from "../../ImageInfo.js"
import * as Label from "../../Label.js"
import type { BuildRequest, Primitives } from "../../Primitives.js"
import type { Context } from "./context.js"
import { isObeyedByClients } from "./environment.js"
import * as failures from "./failures.js"
import { inspectListed, nonEmptyLines, readAnswers } from "./inspection.js"
import { says } from "./messages.js"

type Images = Pick<
  Primitives,
  "buildImage" | "inspectImage" | "listImages" | "pullImage" | "removeImage"
>

/** @internal */
export const images = (context: Context): Images => {
  const { client, confirmGone, explain } = context

  const buildFailed = Effect.fnUntraced(function*(
    { image }: BuildRequest,
    error: CommandFailed.CommandFailed
  ): Effect.fn.Return<never, BuildFailed | EngineError> {
    if (error.reason !== "ExitCode") return yield* explain("Build.build")()(error)
    if (says(error.stderr, "unavailable") || says(error.stderr, "permissionDenied")) yield* confirmGone("Build.build")
    const output = `${error.stdout.trimEnd()}\n${error.stderr.trimEnd()}`.trim()
    return yield* new BuildFailed({
      image: Reference.format(image),
      step: stepOf(output),
      exitCode: error.exitCode ?? 1,
      output: output.split("\n").slice(-20).join("\n")
    })
  })

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
      ),

    buildImage: (request) =>
      client.run(["build", ...buildArguments(request)], {
        variables: Record.filter(request.arguments, (_, name) => !isObeyedByClients(name)),
        stdin: request.source._tag === "Instructions" ? request.source.text : undefined,
        timeout: "1 hour",
        maxStdout: 64 * 1024
      }).pipe(
        Effect.asVoid,
        Effect.catchAll((error) => buildFailed(request, error))
      )
  }
}

const platformArguments = (platform: Option.Option<Platform.Platform>) =>
  Option.match(platform, { onNone: () => [], onSome: (platform) => ["--platform", Platform.format(platform)] })

/**
 * The arguments that build an image. Build arguments are there by name, with
 * their values as variables of the client; but for those that it would obey.
 *
 * @internal
 */
export const buildArguments = ({ arguments: args, image, labels, source }: BuildRequest): ReadonlyArray<string> => [
  // Docker's classic builder keeps the container of a step that fails.
  "--force-rm",
  "--tag",
  Reference.format(image),
  ...Object.entries(args).flatMap(([name, value]) => [
    "--build-arg",
    isObeyedByClients(name) ? `${name}=${value}` : name
  ]),
  ...Array.from(labels).flatMap(([key, value]) => ["--label", Label.format({ key, value })]),
  source._tag === "Directory" ? source.path : "-"
]

// "Step 3/5 : RUN make" of Docker's classic builder, "STEP 3/5: RUN make" of Podman's, "#7 [stage 3/5] RUN make" of BuildKit.
const stepLine = /^(?:step \d+\/\d+ ?: .*|#\d+ \[[^\]]*\d+\/\d+\] .*)$/gim

const stepOf = (output: string): string => Array.from(output.matchAll(stepLine)).at(-1)?.[0] ?? ""
