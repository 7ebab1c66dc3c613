import { Backend } from "@ociman/containers"
import { rootless } from "../utils.js"
import { soakSuite } from "./soak.js"

soakSuite("Podman", Backend.layerPodman, 60)
