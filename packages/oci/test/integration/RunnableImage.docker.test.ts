import { suite } from "./imageJudges.js"

suite("docker")
