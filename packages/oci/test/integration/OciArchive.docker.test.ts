import { suite } from "./archiveJudges.js"

suite("docker")
