import { EngineBackend } from "@ociman/containers"
import { soakSuite } from "./soak.js"

soakSuite("Podman", EngineBackend.layerPodman, 60)
