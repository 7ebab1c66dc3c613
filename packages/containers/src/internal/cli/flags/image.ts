import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ImageKey } from "../../../BackendDriver.js"
import { EngineFailed } from "../../../BackendError.js"
import type * as Engine from "../../../Engine.js"
import * as imageNames from "../../model/imageNames.js"

/**
 * An image that is looked for. Its name is left as it is, so that Podman finds
 * its own short names; but old versions of it refuse a tag and a digest together.
 *
 * @internal
 */
export const lookup = (key: ImageKey): string =>
  typeof key === "string"
    ? key
    : Reference.format(Option.isSome(key.digest) ? Reference.withoutTag(key) : key)

/**
 * A name that an image is to get.
 *
 * @internal
 */
export const name = (reference: Reference.Reference): string => Reference.format(imageNames.stored(reference))

/**
 * Engines disagree about what to do with a name that has a digest: an image is
 * not given its digest, it has it.
 *
 * @internal
 */
export const withoutDigest = (
  engine: Engine.Engine<Engine.Cli>["name"],
  operation: string,
  reference: Reference.Reference
): Effect.Effect<void, EngineFailed> =>
  Option.isNone(reference.digest)
    ? Effect.void
    : new EngineFailed({
      engine,
      operation,
      reason: "InvalidDefinition",
      detail: `"${Reference.format(reference)}" has a digest, which only a registry can give to an image; give a tag.`
    })

/**
 * Lets Podman speak to a registry on this machine as Docker does: without
 * encryption where there is none.
 *
 * @internal
 */
export const tlsArguments = (client: Engine.Name, reference: Reference.Reference): ReadonlyArray<string> =>
  client === "podman" && imageNames.isLoopback(reference) ? ["--tls-verify=false"] : []
