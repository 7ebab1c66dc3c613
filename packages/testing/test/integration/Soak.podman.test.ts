import { Backend } from "@ociman/containers"
import { soakSuite } from "./soak.js"

soakSuite("Podman", Backend.layerPodman, 60)
