import { Command } from "@effect/platform"
import { Subprocess } from "@ociman/process"
import { Effect, Stream } from "effect"
import { suite } from "./foreignTools.js"

const name = `ociman-test-${process.pid}-${Math.floor(Math.random() * 1e9)}:v1`

const run = (stdin: Stream.Stream<Uint8Array>, command: string, ...args: ReadonlyArray<string>) =>
  Subprocess.run(Command.make(command, ...args), { stdin })

// Old versions of skopeo use an API that new engines do not have, so they read an archive instead.
const convert = (directory: string) =>
  Effect.zipRight(
    run(Stream.empty, "docker", "save", "--output", `${directory}.tar`, name),
    run(Stream.empty, "skopeo", "--insecure-policy", "copy", `docker-archive:${directory}.tar`, `oci:${directory}:v1`)
  )

suite("Docker", (directory) =>
  Effect.acquireUseRelease(
    run(Stream.make(new Uint8Array(1024)), "docker", "import", "-", name),
    () => convert(directory),
    () => Effect.ignore(run(Stream.empty, "docker", "rmi", "-f", name))
  ))
