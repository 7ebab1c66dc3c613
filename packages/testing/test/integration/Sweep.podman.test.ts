import { Backend } from "@ociman/containers"
import { sweepSuite } from "./sweep.js"

sweepSuite("Podman", Backend.layerPodman)
