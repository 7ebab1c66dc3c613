import { MemoryBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Layer } from "effect"
import { platform } from "./support/platform.js"

const capabilities = {
  archives: false,
  commit: false,
  hostFiles: false,
  hostSecurity: false,
  networks: false,
  pause: false,
  push: false,
  rename: false,
  restart: false,
  stats: false,
  tag: false,
  volumes: false
}

// Each case that needs one of them must then fail with Unsupported.
BackendSuite.suite(
  "memory without capabilities",
  Layer.merge(MemoryBackend.layer({ capabilities }), platform),
  { processes: false }
)
