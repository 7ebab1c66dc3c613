import { suite } from "./archiveTools.js"

suite("docker")
