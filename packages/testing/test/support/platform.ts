import { NodeContext } from "@effect/platform-node"
import { NodeCompression, NodeHasher, NodeLocalFiles } from "@ociman/node"
import { Layer } from "effect"

/** The platform services of Node.js, with those that `TestImage` needs. */
export const platform = Layer.mergeAll(
  NodeContext.layer,
  NodeCompression.layer,
  NodeHasher.layer,
  NodeLocalFiles.layer
)
