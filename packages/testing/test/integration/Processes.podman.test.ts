import { Backend } from "@ociman/containers"
import { tests } from "./processes.js"

tests("podman", Backend.layerPodman)
