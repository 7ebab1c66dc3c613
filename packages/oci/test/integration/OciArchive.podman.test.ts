import { suite } from "./archiveTools.js"

suite("podman")
