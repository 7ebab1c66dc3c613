import { EngineBackend } from "@ociman/containers"
import { tests } from "./processes.js"

tests("podman", EngineBackend.layerPodman)
