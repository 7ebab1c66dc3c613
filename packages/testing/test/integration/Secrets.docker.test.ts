import { secretsOf } from "./secrets.js"

secretsOf("docker")
