import { Backend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "./support/platform.js"

BackendSuite.suite("memory", Layer.merge(Backend.layerMemory(), platform), { processes: false })
