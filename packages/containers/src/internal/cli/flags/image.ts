import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ImageKey } from "../../../BackendDriver.js"
import { EngineFailed } from "../../../BackendError.js"
import type * as Engine from "../../../Engine.js"
import * as imageNames from "../../model/imageNames.js"

/**
 * Formats the key of an existing image. The name is not completed, so that Podman
 * resolves its short names. A tag next to a digest is dropped, since old versions
 * of Podman reject it.
 *
 * @internal
 */
export const lookup = (key: ImageKey): string =>
  typeof key === "string"
    ? key
    : Reference.format(Option.isSome(key.digest) ? Reference.withoutTag(key) : key)

/**
 * Formats a new name of an image.
 *
 * @internal
 */
export const name = (reference: Reference.Reference): string => Reference.format(imageNames.stored(reference))

/**
 * Fails if a new name has a digest, which engines treat differently.
 *
 * @internal
 */
export const rejectDigest = (
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
      detail: `"${Reference.format(reference)}" has a digest, which only a registry can assign; use a tag instead.`
    })

/**
 * Lets Podman use a registry on this machine without TLS, as Docker does.
 *
 * @internal
 */
export const tlsArguments = (client: Engine.Name, reference: Reference.Reference): ReadonlyArray<string> =>
  client === "podman" && imageNames.isLoopback(reference) ? ["--tls-verify=false"] : []
