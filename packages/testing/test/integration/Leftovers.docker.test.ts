import { Backend } from "@ociman/containers"
import { leftoversSuite } from "./leftovers.js"

leftoversSuite("Docker", Backend.layerDocker)
