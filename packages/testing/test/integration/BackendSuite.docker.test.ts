import { EngineBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "../support/platform.js"

BackendSuite.suite("Docker", Layer.provideMerge(EngineBackend.layerDocker, platform))
