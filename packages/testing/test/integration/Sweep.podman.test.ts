import { EngineBackend } from "@ociman/containers"
import { sweepSuite } from "./sweep.js"

sweepSuite("Podman", EngineBackend.layerPodman)
