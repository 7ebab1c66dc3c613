import { MemoryBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "./support/platform.js"

BackendSuite.suite("memory", Layer.merge(MemoryBackend.layer(), platform), { processes: false })
