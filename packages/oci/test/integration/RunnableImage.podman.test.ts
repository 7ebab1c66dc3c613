import { suite } from "./imageTools.js"

suite("podman")
