import { suite } from "./imageTools.js"

suite("docker")
