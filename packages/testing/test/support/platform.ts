import { NodeContext } from "@effect/platform-node"
import { NodeHasher, NodeImages } from "@ociman/node"
import { Layer } from "effect"

/** The platform services of Node.js, with those that `TestImage` needs. */
export const platform = Layer.mergeAll(
  NodeContext.layer,
  NodeImages.layerCompression,
  NodeHasher.layer,
  NodeImages.layerLocalFiles
)
