import { NodeContext } from "@effect/platform-node"
import { Backend } from "@ociman/containers"
import { BackendSuite } from "@ociman/testing"
import { Layer } from "effect"

BackendSuite.suite("Podman", Layer.provideMerge(Backend.layerPodman, NodeContext.layer))
