import { Image } from "@ociman/containers"
import type { Reference } from "@ociman/oci"
import * as LocalRegistry from "@ociman/testing/LocalRegistry"
import { Console, Effect, Option } from "effect"
import { step } from "./step.js"

/** Pushes an image to a registry on this machine and pulls it again. */
export const thereAndBack = (image: Reference.Reference) =>
  Effect.gen(function*() {
    const registry = yield* LocalRegistry.make()
    const remote = registry.reference("demo:1")
    yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(remote)))
    yield* Image.tag(image, remote)
    yield* step("push", Image.push(remote), (digest) => Option.match(digest, { onNone: () => "", onSome: String }))
    yield* Image.remove(remote)
    yield* step("pull", Image.pullIfAbsent(remote), () => `${remote}`)
  }).pipe(
    Effect.catchTag("ToolMissing", ({ message }) => Console.log(`registry: ${message}`))
  )
