import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type { Pipeable } from "effect/Pipeable"
import type * as BackendError from "../../BackendError.js"
import type * as VolumeInfo from "../../VolumeInfo.js"

export const VolumeTypeId: unique symbol = Symbol.for("@ociman/containers/Volume")

/**
 * Handle of a volume, for use as the source of `Mount.volume`.
 */
export interface Volume extends Pipeable, Inspectable.Inspectable {
  readonly [VolumeTypeId]: typeof VolumeTypeId
  readonly name: VolumeInfo.Name
  readonly inspect: Effect.Effect<VolumeInfo.VolumeInfo, BackendError.VolumeError>
  /** Labels, without those that this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.VolumeError>
  readonly remove: (options?: {
    /** If true, kills and removes containers that use it first; otherwise fails if there are any. Default: false. */
    readonly force?: boolean | undefined
  }) => Effect.Effect<void, BackendError.VolumeError | BackendError.ResourceInUse>
}
