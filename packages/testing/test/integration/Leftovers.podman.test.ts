import { EngineBackend } from "@ociman/containers"
import { leftoversSuite } from "./leftovers.js"

leftoversSuite("Podman", EngineBackend.layerPodman)
