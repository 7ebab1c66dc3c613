/**
 * What is heard while an image travels between an engine and a registry.
 *
 * @since 0.1.0
 */
import type * as OciDigest from "@ociman/oci/Digest"
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * How far a layer has come. A layer may skip any of them.
 *
 * - `Waiting`: its turn has not come.
 * - `Transferring`: its bytes are on their way.
 * - `Transferred`: all bytes are there, and are not unpacked yet.
 * - `Extracting`: it is being unpacked.
 * - `Done`: it is where it should be.
 * - `Exists`: it was there already, and need not travel.
 * - `Retrying`: the transfer failed, and is tried again.
 *
 * @since 0.1.0
 * @category models
 */
export type Status = "Waiting" | "Transferring" | "Transferred" | "Extracting" | "Done" | "Exists" | "Retrying"

/**
 * News of one layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layer {
  readonly _tag: "Layer"
  /** The layer as the engine names it: Docker by the first 12 digits, Podman by its digest. */
  readonly layer: string
  readonly status: Status
}

/**
 * The digest of the manifest, as the registry has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Digest {
  readonly _tag: "Digest"
  readonly digest: OciDigest.Digest
}

/**
 * Anything else that the engine says, a line without its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message {
  readonly _tag: "Message"
  readonly text: string
}

/**
 * Engines tell their clients more than the clients say where no terminal is:
 * there are no sizes.
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
 * Prints a pull or a push to the console, a line for each event.
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
 * An event as a line of text.
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
