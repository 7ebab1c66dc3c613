import type * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Credentials, Images } from "../../BackendDriver.js"
import { ImageNotFound, TransferFailed } from "../../BackendError.js"
import * as Transfer from "../../Transfer.js"
import * as imageNames from "../model/imageNames.js"
import { type Context, modify } from "./context.js"
import * as Events from "./events.js"
import * as FileSystem from "./fileSystem.js"
import * as images from "./images.js"
import type * as MemoryBackend from "./options.js"
import * as State from "./state.js"

/**
 * Pulls and pushes with the registries of the options and the images pushed so far.
 *
 * @internal
 */
export const transfers = (context: Context): Pick<Images, "pull" | "push"> => {
  const registries = new Map(Object.entries(context.options.registries ?? {}))

  const authorize = (
    reference: Reference.Reference,
    operation: TransferFailed["operation"],
    credentials: Option.Option<Credentials>
  ): Effect.Effect<void, TransferFailed> => {
    const name = imageNames.registry(reference)
    const registry = registries.get(name)
    const failed = (reason: TransferFailed["reason"], detail: string) =>
      new TransferFailed({ image: Reference.format(reference), operation, reason, detail })
    if (registry?.reachable === false) return failed("Unreachable", `dial tcp: lookup ${name}: no such host`)
    return registry?.credentials === undefined || Option.exists(credentials, isSame(registry.credentials))
      ? Effect.void
      : failed(
        "Unauthorized",
        Option.isNone(credentials) ? "no basic auth credentials" : "unauthorized: authentication required"
      )
  }

  return {
    pull: (reference, { credentials, platform }) =>
      Stream.unwrap(Effect.as(
        authorize(reference, "pull", credentials),
        Stream.concat(
          Stream.make(Transfer.message(`Pulling ${imageNames.display(reference)}`)),
          Stream.fromIterableEffect(
            modify(context, (state) => pull(state, context.options.registry, reference, platform)).pipe(
              Effect.map(transferEvents("Done")),
              Effect.tap(Events.publish(context, {
                type: "image",
                action: "pull",
                id: Reference.format(reference),
                name: Reference.format(reference),
                attributes: {}
              }))
            )
          )
        )
      )),

    push: (reference, { credentials }) =>
      Stream.unwrap(
        images.rejectDigest("Image.push", reference).pipe(
          Effect.zipRight(Effect.flatMap(context.state.get, (state) => images.get(state, reference))),
          Effect.zipRight(authorize(reference, "push", credentials)),
          Effect.as(Stream.fromIterableEffect(Effect.map(
            modify(context, (state) => push(state, reference)),
            ([image, known]) => transferEvents(known ? "Exists" : "Done")(image)
          )))
        )
      )
  }
}

const isSame = (expected: Credentials) => ({ password, username }: Credentials) =>
  username === expected.username && Redacted.value(password) === Redacted.value(expected.password)

const transferEvents = (status: Transfer.Status) => ({ digest, id }: State.Image) => [
  Transfer.layer(id.slice("sha256:".length).slice(0, 12), status),
  Transfer.digest(digest)
]

const digestName = (reference: Reference.Reference, { digest }: State.Image) =>
  State.imageName(Reference.withDigest(reference, digest))

const pull = Effect.fnUntraced(function*(
  state: State.State,
  registry: MemoryBackend.Options["registry"],
  reference: Reference.Reference,
  platform: Option.Option<Platform.Platform>
) {
  const name = State.imageName(reference)
  const pushed = state.pushed[name]
  if (pushed !== undefined) {
    const image = state.images.find(({ id }) => id === pushed.id) ?? { ...pushed, names: [] }
    return [image, State.tagImage(state, image, name, digestName(reference, image))] as const
  }
  const available = registry?.find(({ image }) => State.imageName(images.toReference(image)) === name)
  if (registry !== undefined && available === undefined) {
    return yield* new ImageNotFound({
      image: imageNames.display(reference),
      detail: `The registry does not have this image: ${imageNames.display(reference)}`
    })
  }
  const present = State.findImage(state, reference)
  if (Option.isSome(present)) return [present.value, state] as const
  const [image, added] = yield* images.add(state, reference, {
    labels: available?.labels,
    platform: Option.getOrUndefined(platform),
    digest: Option.getOrUndefined(reference.digest),
    files: FileSystem.withFiles(FileSystem.empty, available?.files ?? {})
  })
  return [image, State.tagImage(added, { ...image, names: [name] }, digestName(reference, image))] as const
})

const push = Effect.fnUntraced(function*(state: State.State, reference: Reference.Reference) {
  const image = yield* images.get(state, reference)
  const name = State.imageName(reference)
  const byDigest = digestName(reference, image)
  const known = byDigest in state.pushed
  const tagged = State.tagImage(state, image, byDigest)
  return [[image, known], { ...tagged, pushed: { ...state.pushed, [name]: image, [byDigest]: image } }] as const
})
