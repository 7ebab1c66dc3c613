import { NodeContext } from "@effect/platform-node"
import { NodeCompression, NodeHasher, NodeLocalFiles } from "@ociman/node"
import { Layer } from "effect"

/** What Node.js has, also what test images are made with. */
export const platform = Layer.mergeAll(
  NodeContext.layer,
  NodeCompression.layer,
  NodeHasher.layer,
  NodeLocalFiles.layer
)
