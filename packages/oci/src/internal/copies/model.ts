/** Plan and progress of a copy. `Copy` exports and documents these types. */
import type * as Descriptor from "../../Descriptor.js"
import type * as Platform from "../../Platform.js"
import type { GraphLimits } from "../layers/limits.js"
import type * as stores from "../stores/model.js"

/** Store to copy from. */
export type Source = stores.Readable & Partial<Pick<stores.Lister, "referrers">>

/** Options of a copy. */
export interface Options {
  /** Number of blobs copied at the same time. Default: 6, as in skopeo. */
  readonly concurrency?: number | undefined
  /** Platform to select from an index. The selected manifest is then the root. Default: the whole index. */
  readonly platform?: Platform.Platform | undefined
  /** If true, also copies manifests whose subject is a copied manifest, for example signatures. Default: false. */
  readonly referrers?: boolean | undefined
  /** If true, also copies layers that must not be distributed, if the source has them. Default: false. */
  readonly nondistributable?: boolean | undefined
  /** Limits on the manifests, indexes and referrers that are read. */
  readonly limits?: Partial<GraphLimits> | undefined
}

/** Planned action for one blob or document. */
export interface Step {
  readonly descriptor: Descriptor.Descriptor
  readonly action: "Copy" | "Present" | "Nondistributable"
}

/** Steps of a copy. */
export interface Plan {
  /** Root of the copied graph. */
  readonly root: Descriptor.Descriptor
  /** Steps in groups, each descriptor once. Everything that a group refers to is in earlier groups. */
  readonly groups: ReadonlyArray<ReadonlyArray<Step>>
  /** Number of bytes to copy. */
  readonly bytes: number
}

/** Progress event of a copy. */
export type Event =
  | { readonly _tag: "Planned"; readonly plan: Plan }
  | { readonly _tag: "Started"; readonly descriptor: Descriptor.Descriptor }
  | { readonly _tag: "Advanced"; readonly descriptor: Descriptor.Descriptor; readonly bytes: number }
  | { readonly _tag: "Copied"; readonly descriptor: Descriptor.Descriptor }
  | {
    readonly _tag: "Skipped"
    readonly descriptor: Descriptor.Descriptor
    readonly reason: "Present" | "Mounted" | "Nondistributable"
    readonly bytes: number
  }
  | { readonly _tag: "Tagged"; readonly descriptor: Descriptor.Descriptor; readonly name: string }
