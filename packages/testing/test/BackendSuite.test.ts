import { NodeContext } from "@effect/platform-node"
import { Backend } from "@ociman/containers"
import { BackendSuite } from "@ociman/testing"
import { Layer } from "effect"

BackendSuite.suite("memory", Layer.merge(Backend.layerMemory(), NodeContext.layer), { processes: false })
