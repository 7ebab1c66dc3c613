import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type { Pipeable } from "effect/Pipeable"
import type * as BackendError from "../../BackendError.js"
import type * as VolumeInfo from "../../VolumeInfo.js"

export const VolumeTypeId: unique symbol = Symbol.for("@ociman/containers/Volume")

/**
 * The handle of a volume. `Mount.volume` takes it as its source.
 */
export interface Volume extends Pipeable, Inspectable.Inspectable {
  readonly [VolumeTypeId]: typeof VolumeTypeId
  readonly name: VolumeInfo.Name
  readonly inspect: Effect.Effect<VolumeInfo.VolumeInfo, BackendError.VolumeError>
  /** Without those this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.VolumeError>
  readonly remove: (options?: {
    /** Kill and remove containers that use it first. Default: false, which makes them an error. */
    readonly force?: boolean | undefined
  }) => Effect.Effect<void, BackendError.VolumeError | BackendError.ResourceInUse>
}
