import { existsSync, realpathSync } from "node:fs"
import { delimiter } from "node:path"
import { loginsSuite } from "./logins.js"

const executables = (process.env["PATH"] ?? "").split(delimiter)
  .map((directory) => `${directory}/docker`)
  .filter((path) => existsSync(path))
  .map((path) => realpathSync(path))
  .filter((path, i, all) => all.indexOf(path) === i)

for (const executable of executables) {
  loginsSuite({
    executable,
    tool: "docker",
    variables: (directory) => ({ DOCKER_CONFIG: `${directory}/.docker` }),
    insecure: []
  }, false)
}
