import { Backend } from "@ociman/containers"
import { exchangesSuite } from "./exchanges.js"

exchangesSuite("Podman", Backend.layerPodman)
