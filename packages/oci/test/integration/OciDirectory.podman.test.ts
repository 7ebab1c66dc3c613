import { Command } from "@effect/platform"
import { Subprocess } from "@ociman/process"
import { Effect, Stream } from "effect"
import { suite } from "./foreignTools.js"

const name = `localhost/ociman-test-${process.pid}-${Math.floor(Math.random() * 1e9)}:v1`

const run = (stdin: Stream.Stream<Uint8Array>, command: string, ...args: ReadonlyArray<string>) =>
  Subprocess.run(Command.make(command, ...args), { stdin })

suite("Podman", (directory) =>
  Effect.acquireUseRelease(
    run(Stream.make(new Uint8Array(1024)), "podman", "import", "-", name),
    () => run(Stream.empty, "podman", "push", name, `oci:${directory}:v1`),
    () => Effect.ignore(run(Stream.empty, "podman", "rmi", "-f", name))
  ))
