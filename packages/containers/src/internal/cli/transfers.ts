import * as Digest from "@ociman/oci/Digest"
import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Credentials, Images } from "../../BackendDriver.js"
import { EngineFailed, type ImageNotFound, type TransferError, type TransferFailed } from "../../BackendError.js"
import * as Transfer from "../../Transfer.js"
import * as imageInfo from "../dialect/imageInfo.js"
import { readAnswers } from "../dialect/inspection.js"
import { isErrorLine, transferEvent } from "../dialect/messages.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import * as imageNames from "../model/imageNames.js"
import { transferTimeout } from "./client.js"
import type { Context } from "./context.js"
import * as credentialFile from "./credentials.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import { retryStreamOn } from "./retry.js"

/** @internal */
export const transfers = (context: Context): Pick<Images, "pull" | "push"> => {
  const { engine } = context
  return {
    pull: (image, { credentials, platform }) =>
      transfer(
        context,
        "Image.pull",
        image,
        [
          "image",
          "pull",
          ...platformArguments(platform),
          ...imageArguments.tlsArguments(engine.transport.client, image)
        ],
        credentials,
        failures.pullKnown(Reference.format(image))
      ).pipe(Stream.concat(Stream.execute(verifyPresent(context, image)))),

    push: (image, { credentials }) =>
      Stream.unwrapScoped(Effect.gen(function*() {
        yield* imageArguments.rejectDigest(engine.name, "Image.push", image)
        const digest = engine.transport.client === "podman" ? yield* digestFile(context) : noDigestFile
        return transfer(
          context,
          "Image.push",
          image,
          ["image", "push", ...imageArguments.tlsArguments(engine.transport.client, image), ...digest.arguments],
          credentials,
          failures.pushKnown(Reference.format(image))
        ).pipe(Stream.concat(digest.events))
      }))
  }
}

const transfer = (
  context: Context,
  operation: string,
  image: Reference.Reference,
  args: ReadonlyArray<string>,
  credentials: Option.Option<Credentials>,
  known: ReadonlyArray<failures.Known<ImageNotFound | TransferFailed>>
): Stream.Stream<Transfer.Event, TransferError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { client, explain, explainText } = context
    const { redact, variables } = yield* credentialFile.prepare(
      context,
      operation,
      imageNames.registry(image),
      credentials
    )
    const errorText = yield* Ref.make("")
    const collectError = (line: string) =>
      Ref.update(errorText, (text) => text !== "" || isErrorLine(line) ? `${text}${line}\n` : "")
    const lines = client.output([...args, imageArguments.name(image)], { variables, redact, timeout: transferTimeout })
      .pipe(
        Subprocess.splitOutputLines,
        Stream.map(({ text }) => text.trimEnd()),
        Stream.filter((line) => line !== ""),
        Stream.tap(collectError)
      )
    return Stream.unwrap(Effect.as(Ref.set(errorText, ""), lines)).pipe(
      retryStreamOn("disturbedByPrune"),
      Stream.catchAll((error) => Stream.fromEffect(explain(operation)(...known)(error))),
      Stream.map((line) => Option.getOrElse(transferEvent(line), () => Transfer.message(line))),
      // If the engine fails after the status line of its response, the client prints the error and exits with 0.
      Stream.concat(Stream.execute(Effect.flatMap(Ref.get(errorText), (text) =>
        text === "" ? Effect.void : explainText(operation)(...known)(text))))
    )
  }))

/** Fails if a pulled image does not exist. Both clients may report success for an image that they have not stored. */
const verifyPresent = (context: Context, image: Reference.Reference) =>
  context.client.run(["image", "inspect", imageArguments.name(image)]).pipe(
    Effect.catchAll(context.explain("Image.pull")()),
    Effect.flatMap(({ stdout }) => readAnswers(context, "Image.pull", stdout.text, imageInfo.decode)),
    Effect.catchIf(
      (error) => error._tag === "EngineFailed",
      (cause) =>
        new EngineFailed({
          engine: context.engine.name,
          operation: "Image.pull",
          reason: "UnexpectedAnswer",
          detail: `the client reported a successful pull of "${Reference.format(image)}", but the image does not exist`,
          cause
        })
    )
  )

interface DigestFile {
  readonly arguments: ReadonlyArray<string>
  readonly events: Stream.Stream<Transfer.Event>
}

const noDigestFile: DigestFile = { arguments: [], events: Stream.empty }

// Podman prints the digest to a file only.
const digestFile = (context: Context) =>
  temporaryDirectory(context, "push").pipe(
    Effect.map((directory): DigestFile => {
      const file = `${directory}/digest`
      return {
        arguments: ["--digestfile", file],
        events: Stream.fromIterableEffect(
          context.fileSystem.readFileString(file).pipe(
            Effect.map((text) =>
              Either.match(Digest.parse(text.trim()), {
                onLeft: () => [],
                onRight: (digest) => [Transfer.digest(digest)]
              })
            ),
            Effect.orElseSucceed((): ReadonlyArray<Transfer.Event> => [])
          )
        )
      }
    }),
    Effect.mapError((cause) =>
      new EngineFailed({
        engine: context.engine.name,
        operation: "Image.push",
        reason: "Refused",
        detail: `cannot create a file for the digest: ${cause.message}`,
        cause
      })
    )
  )

const platformArguments = (platform: Option.Option<Platform.Platform>) =>
  Option.match(platform, { onNone: () => [], onSome: (platform) => ["--platform", Platform.format(platform)] })
