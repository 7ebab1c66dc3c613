import { NodeContext } from "@effect/platform-node"
import { NodeHasher, NodeImages } from "@ociman/node"
import { Layer } from "effect"

/** What Node.js has, also what test images are made with. */
export const platform = Layer.mergeAll(
  NodeContext.layer,
  NodeImages.layerCompression,
  NodeHasher.layer,
  NodeImages.layerLocalFiles
)
