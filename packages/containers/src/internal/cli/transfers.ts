import { Digest, Platform, Reference } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Credentials, Images } from "../../BackendDriver.js"
import { EngineFailed, type ImageNotFound, type TransferError, type TransferFailed } from "../../BackendError.js"
import * as ImageInfo from "../../ImageInfo.js"
import * as Transfer from "../../Transfer.js"
import { readAnswers } from "../dialect/inspection.js"
import { saysFailure, transferEvent } from "../dialect/messages.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import * as imageNames from "../model/imageNames.js"
import { transferLimit } from "./client.js"
import type { Context } from "./context.js"
import * as credentialFile from "./credentials.js"
import * as failures from "./failures.js"
import * as imageArguments from "./flags/image.js"
import { streamAgain } from "./retry.js"

/** @internal */
export const transfers = (context: Context): Pick<Images, "pull" | "push"> => {
  const { client, engine, explain, explainText } = context

  const transfer = (
    operation: string,
    image: Reference.Reference,
    args: ReadonlyArray<string>,
    credentials: Option.Option<Credentials>,
    known: ReadonlyArray<failures.Known<ImageNotFound | TransferFailed>>
  ): Stream.Stream<Transfer.Event, TransferError> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const { redact, variables } = yield* credentialFile.prepare(
        context,
        operation,
        imageNames.registry(image),
        credentials
      )
      const complaint = yield* Ref.make("")
      const listen = (line: string) =>
        Ref.update(complaint, (heard) => heard !== "" || saysFailure(line) ? `${heard}${line}\n` : "")
      const lines = client.output([...args, imageArguments.name(image)], { variables, redact, timeout: transferLimit })
        .pipe(
          Subprocess.splitOutputLines,
          Stream.map(({ text }) => text.trimEnd()),
          Stream.filter((line) => line !== ""),
          Stream.tap(listen)
        )
      return Stream.unwrap(Effect.as(Ref.set(complaint, ""), lines)).pipe(
        streamAgain("disturbedByPrune"),
        Stream.catchAll((error) => Stream.fromEffect(explain(operation)(...known)(error))),
        Stream.map((line) => Option.getOrElse(transferEvent(line), () => Transfer.message(line))),
        // An engine may fail after it has begun to answer with success, and its client then not know it.
        Stream.concat(Stream.execute(Effect.flatMap(complaint, (heard) =>
          heard === "" ? Effect.void : explainText(operation)(...known)(heard))))
      )
    }))

  // Neither client says so of an image that it says it has pulled, and has not.
  const isThere = (image: Reference.Reference) =>
    client.run(["image", "inspect", imageArguments.name(image)]).pipe(
      Effect.catchAll(explain("Image.pull")()),
      Effect.flatMap(({ stdout }) => readAnswers(context, "Image.pull", stdout.text, ImageInfo.decode)),
      Effect.catchIf(
        (error) => error._tag === "EngineFailed",
        (cause) =>
          new EngineFailed({
            engine: engine.name,
            operation: "Image.pull",
            reason: "UnexpectedAnswer",
            detail: `"${Reference.format(image)}" was pulled, the client says, and is not there`,
            cause
          })
      )
    )

  return {
    pull: (image, { credentials, platform }) =>
      transfer(
        "Image.pull",
        image,
        ["image", "pull", ...platformArguments(platform), ...imageArguments.tlsArguments(engine.client, image)],
        credentials,
        failures.pullKnown(Reference.format(image))
      ).pipe(Stream.concat(Stream.execute(isThere(image)))),

    push: (image, { credentials }) =>
      Stream.unwrapScoped(Effect.gen(function*() {
        yield* imageArguments.withoutDigest(engine.name, "Image.push", image)
        const digest = engine.client === "podman" ? yield* digestFile(context) : noDigestFile
        return transfer(
          "Image.push",
          image,
          ["image", "push", ...imageArguments.tlsArguments(engine.client, image), ...digest.arguments],
          credentials,
          failures.pushKnown(Reference.format(image))
        ).pipe(Stream.concat(digest.events))
      }))
  }
}

interface DigestFile {
  readonly arguments: ReadonlyArray<string>
  readonly events: Stream.Stream<Transfer.Event>
}

const noDigestFile: DigestFile = { arguments: [], events: Stream.empty }

// Podman writes the digest to a file only.
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
        detail: `no file for the digest: ${cause.message}`,
        cause
      })
    )
  )

const platformArguments = (platform: Option.Option<Platform.Platform>) =>
  Option.match(platform, { onNone: () => [], onSome: (platform) => ["--platform", Platform.format(platform)] })
