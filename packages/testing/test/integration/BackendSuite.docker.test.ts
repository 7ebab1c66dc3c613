import { Backend } from "@ociman/containers"
import { BackendSuite } from "@ociman/testing"
import { Layer } from "effect"
import { platform } from "../support/platform.js"

BackendSuite.suite("Docker", Layer.provideMerge(Backend.layerDocker, platform))
