import { EngineBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "../support/platform.js"
import { rootless } from "../utils.js"

// Without root, Podman forwards ports by a process, cannot limit memory and, with version 1 of control groups, cannot
// pause. With root, its networks have no IPv6 by default.
BackendSuite.suite("Podman", Layer.provideMerge(EngineBackend.layerPodman, platform), {
  rootless,
  ipv6: rootless,
  pause: !rootless,
  resources: !rootless
})
