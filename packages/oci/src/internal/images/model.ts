/** Runnable images. `RunnableImage` exports and documents these types. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import type * as Annotations from "../../Annotations.js"
import type * as ImageConfig from "../../ImageConfig.js"
import type * as Platform from "../../Platform.js"
import type { ImageLayer } from "../layers/model.js"
import type { Readable } from "../stores/model.js"

/** Base image in a store. */
export interface Base {
  readonly store: Readable
  readonly name: string
}

/** Description of an image. */
export interface RunnableImage<out E = never, out R = never> extends Pipeable {
  /** Platform of the image, determined on push. */
  readonly platform: Effect.Effect<Platform.Platform, E, R>
  readonly base: Option.Option<Base>
  /** Added layers, from the base upwards. */
  readonly layers: ReadonlyArray<ImageLayer<E, R>>
  /** Changes the execution parameters of the base. */
  readonly configure: (execution: ImageConfig.Execution) => ImageConfig.Execution
  readonly annotations: Annotations.Annotations
  readonly author: string | undefined
}

/** Options of pushing an image. */
export interface PushOptions {
  /**
   * Format of the manifest. Docker's format is supported everywhere, but has neither annotations nor zstd. Default:
   * `oci`.
   */
  readonly format?: "oci" | "docker" | undefined
  /** Creation time. Default: `SOURCE_DATE_EPOCH`, else the beginning of 1970. */
  readonly created?: Date | undefined
}
