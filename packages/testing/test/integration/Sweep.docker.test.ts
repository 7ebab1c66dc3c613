import { EngineBackend } from "@ociman/containers"
import { sweepSuite } from "./sweep.js"

sweepSuite("Docker", EngineBackend.layerDocker)
