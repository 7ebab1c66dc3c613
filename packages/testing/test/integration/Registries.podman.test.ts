import { Backend } from "@ociman/containers"
import { registriesSuite } from "./registries.js"

registriesSuite("Podman", Backend.layerPodman)
