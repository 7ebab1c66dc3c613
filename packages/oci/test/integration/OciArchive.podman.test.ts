import { suite } from "./archiveJudges.js"

suite("podman")
