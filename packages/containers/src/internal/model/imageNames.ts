import * as Reference from "@ociman/oci/Reference"
import * as Option from "effect/Option"
import type { ImageKey } from "./requests.js"

/**
 * An image as errors and spans name it.
 *
 * @internal
 */
export const display = (key: ImageKey): string => typeof key === "string" ? key : Reference.format(key)

/**
 * The name under which an image is kept, pulled and pushed, in full: Podman
 * would take a short one for a name under `localhost`, or ask what it means.
 * With a digest, a tag says nothing more.
 *
 * @internal
 */
export const stored = (reference: Reference.Reference): Reference.Reference => {
  const canonical = Reference.canonical(reference)
  return Option.isSome(canonical.digest) ? Reference.withoutTag(canonical) : Reference.withDefaultTag(canonical)
}

/**
 * The registry of an image, as it stands in its full name.
 *
 * @internal
 */
export const registry = (reference: Reference.Reference): string =>
  Option.match(Reference.canonical(reference).domain, { onNone: () => dockerHub, onSome: String })

/** @internal */
export const dockerHub = "docker.io"

/**
 * Whether a registry is on this machine, by the rule by which Docker speaks to
 * it without encryption.
 *
 * @internal
 */
export const isLoopback = (reference: Reference.Reference): boolean =>
  Option.exists(
    Reference.canonical(reference).domain,
    ({ host, kind }) =>
      host.toLowerCase() === "localhost" || host === "[::1]" || (kind === "ipv4" && host.startsWith("127."))
  )

/** @internal */
export const isSameRepository = (self: Reference.Reference, that: Reference.Reference): boolean =>
  Reference.format(Reference.nameOnly(Reference.canonical(self))) ===
    Reference.format(Reference.nameOnly(Reference.canonical(that)))
