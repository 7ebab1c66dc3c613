import { EngineBackend } from "@ociman/containers"
import { soakSuite } from "./soak.js"

soakSuite("Docker", EngineBackend.layerDocker, 60)
