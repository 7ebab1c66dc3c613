/**
 * Progress events of a pull or push.
 *
 * @since 0.1.0
 */
import type * as OciDigest from "@ociman/oci/Digest"
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * Progress of a layer. A layer may skip any status.
 *
 * - `Waiting`: queued.
 * - `Transferring`: in transfer.
 * - `Transferred`: transferred, but not unpacked yet.
 * - `Extracting`: being unpacked.
 * - `Done`: complete.
 * - `Exists`: already present at the target, not transferred.
 * - `Retrying`: being transferred again after a failure.
 *
 * @since 0.1.0
 * @category models
 */
export type Status = "Waiting" | "Transferring" | "Transferred" | "Extracting" | "Done" | "Exists" | "Retrying"

/**
 * Progress of one layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layer {
  readonly _tag: "Layer"
  /** Name of the layer on the engine: on Docker the first 12 digits, on Podman the digest. */
  readonly layer: string
  readonly status: Status
}

/**
 * Digest of the manifest in the registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Digest {
  readonly _tag: "Digest"
  readonly digest: OciDigest.Digest
}

/**
 * Other message of the engine, a line without its line break.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message {
  readonly _tag: "Message"
  readonly text: string
}

/**
 * Progress event of a pull or push. Has no sizes, since the clients do not print them without a terminal.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = Layer | Digest | Message

/**
 * @since 0.1.0
 * @category constructors
 */
export const layer = (layer: string, status: Status): Event => ({ _tag: "Layer", layer, status })

/**
 * @since 0.1.0
 * @category constructors
 */
export const digest = (digest: OciDigest.Digest): Event => ({ _tag: "Digest", digest })

/**
 * @since 0.1.0
 * @category constructors
 */
export const message = (text: string): Event => ({ _tag: "Message", text })

/**
 * Prints the progress of a pull or push to the console, a line for each event.
 *
 * @example
 * ```ts
 * import { Image, MemoryBackend, Transfer } from "@ociman/containers"
 * import { Reference } from "@ociman/oci"
 * import { Effect } from "effect"
 *
 * const program = Transfer.render(Image.pullStream(Reference.make("alpine:3.22")))
 *
 * await program.pipe(Effect.provide(MemoryBackend.layer()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const render = <E, R>(self: Stream.Stream<Event, E, R>): Effect.Effect<void, E, R> =>
  Stream.runForEach(self, (event) => Console.log(format(event)))

/**
 * Formats an event as a line of text.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: Event): string => {
  switch (self._tag) {
    case "Layer":
      return `${self.layer}: ${statuses[self.status]}`
    case "Digest":
      return `Digest: ${self.digest}`
    case "Message":
      return self.text
  }
}

const statuses: Readonly<Record<Status, string>> = {
  Waiting: "waiting",
  Transferring: "transferring",
  Transferred: "transferred",
  Extracting: "extracting",
  Done: "done",
  Exists: "exists",
  Retrying: "retrying"
}
