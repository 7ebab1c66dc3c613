import { EngineBackend } from "@ociman/containers"
import { registriesSuite } from "./registries.js"

registriesSuite("Podman", EngineBackend.layerPodman)
