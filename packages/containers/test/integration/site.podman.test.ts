import { NodeOciman } from "@ociman/node"
import { siteTests } from "./site.js"

siteTests("Podman", NodeOciman.layerPodman)
