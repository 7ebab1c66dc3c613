import { Backend } from "@ociman/containers"
import { tests } from "./processes.js"

tests("docker", Backend.layerDocker)
