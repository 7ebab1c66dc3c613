import { EngineBackend } from "@ociman/containers"
import { exchangesSuite } from "./exchanges.js"

exchangesSuite("Podman", EngineBackend.layerPodman)
