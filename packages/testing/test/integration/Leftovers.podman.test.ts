import { Backend } from "@ociman/containers"
import { leftoversSuite } from "./leftovers.js"

leftoversSuite("Podman", Backend.layerPodman)
