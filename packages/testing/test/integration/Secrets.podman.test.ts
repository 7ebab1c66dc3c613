import { secretsOf } from "./secrets.js"

secretsOf("podman")
