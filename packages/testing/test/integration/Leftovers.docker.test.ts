import { EngineBackend } from "@ociman/containers"
import { leftoversSuite } from "./leftovers.js"

leftoversSuite("Docker", EngineBackend.layerDocker)
