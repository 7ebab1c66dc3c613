import { suite } from "./imageJudges.js"

suite("podman")
