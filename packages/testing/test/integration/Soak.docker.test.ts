import { Backend } from "@ociman/containers"
import { soakSuite } from "./soak.js"

soakSuite("Docker", Backend.layerDocker, 100)
