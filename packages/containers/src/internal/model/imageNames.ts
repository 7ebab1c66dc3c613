import * as Reference from "@ociman/oci/Reference"
import * as Option from "effect/Option"
import type { ImageKey } from "./requests.js"

/**
 * Formats the name of an image for errors and spans.
 *
 * @internal
 */
export const display = (key: ImageKey): string => typeof key === "string" ? key : Reference.format(key)

/**
 * Returns the full reference under which an image is stored, pulled and pushed: Podman would resolve a short one to
 * `localhost`, or prompt for the registry. A tag beside a digest is dropped.
 *
 * @internal
 */
export const stored = (reference: Reference.Reference): Reference.Reference => {
  const canonical = Reference.canonical(reference)
  return Option.isSome(canonical.digest) ? Reference.withoutTag(canonical) : Reference.withDefaultTag(canonical)
}

/**
 * Returns the registry of an image's full reference.
 *
 * @internal
 */
export const registry = (reference: Reference.Reference): string =>
  Option.match(Reference.canonical(reference).domain, { onNone: () => dockerHub, onSome: String })

/** @internal */
export const dockerHub = "docker.io"

/**
 * Reports whether a registry is on this machine, by Docker's rule for unencrypted connections.
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
