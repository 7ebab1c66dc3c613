import { loginsSuite, placesSuite } from "./logins.js"

loginsSuite({
  executable: "podman",
  tool: "podman",
  variables: (directory) => ({ REGISTRY_AUTH_FILE: `${directory}/auth.json` }),
  insecure: ["--tls-verify=false"]
}, true)

placesSuite()
