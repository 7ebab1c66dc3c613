import { EngineBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "../support/platform.js"
import { rootless } from "../utils.js"

// Without root, Podman leaves ports to a process and memory alone; on the first version of control groups
// it cannot pause either. With root, its networks have no IPv6 unless they are told to.
BackendSuite.suite("Podman", Layer.provideMerge(EngineBackend.layerPodman, platform), {
  rootless,
  ipv6: rootless,
  pause: !rootless,
  resources: !rootless
})
