import { FileSystem, Path } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { Container, Definition, type Engine, EngineBackend, Exec } from "@ociman/containers"
import { TestImage } from "@ociman/testing"
import { Config, Effect, Redacted } from "effect"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

const secret = Redacted.make(`s3cret-${Math.random()}`)

/** A client that records its arguments and the modes of the directories of its environment files. */
const recordingClient = (client: string, record: string) =>
  `#!/bin/sh
printf '%s\\n' "$*" >>'${record}'
for word; do
  [ "$previous" != --env-file ] || stat -c 'directory %a' "\${word%/*}" >>'${record}'
  previous=$word
done
exec '${client}' "$@"
`

/** Every user of a machine can read the arguments of a process, so they must not contain secrets. */
export const secretsOf = (engine: Engine.Name) =>
  it.scopedLive(`arguments of the ${engine} client contain no secret, and only its user can read its files`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-client-" })
      const executable = path.join(directory, "client")
      const record = path.join(directory, "record")
      yield* fs.writeFileString(executable, recordingClient(allOnPath(engine)[0] ?? engine, record))
      yield* fs.chmod(executable, 0o755)

      yield* Effect.gen(function*() {
        const { reference } = yield* TestImage.make()
        const idle = Definition.make(reference).pipe(
          Definition.pullPolicy("never"),
          Definition.command("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"),
          Definition.env("PASSWORD", secret),
          Definition.env("HTTPS_PROXY", secret)
        )
        const container = yield* Container.start(idle)
        const { stdout } = yield* container.exec(
          Exec.make("sh", "-c", "echo $PASSWORD $HTTPS_PROXY $TOKEN $HTTP_PROXY").pipe(
            Exec.env("TOKEN", secret),
            Exec.env("HTTP_PROXY", secret)
          )
        )
        assert.deepStrictEqual(stdout.trim().split(" "), Array.from({ length: 4 }, () => Redacted.value(secret)))
      }).pipe(
        Effect.scoped,
        Effect.provide(
          EngineBackend.layerConfig({ engine: Config.succeed(engine), executable: Config.succeed(executable) })
        )
      )

      const lines = (yield* fs.readFileString(record)).split("\n")
      assert.isTrue(lines.some((line) => line.startsWith("container create ") && line.includes("--env PASSWORD")))
      assert.isTrue(lines.some((line) => line.startsWith("container exec ") && line.includes("--env TOKEN")))
      assert.deepStrictEqual(lines.filter((line) => line.includes(Redacted.value(secret))), [])
      assert.deepStrictEqual(lines.filter((line) => line.startsWith("directory ")), [
        "directory 700",
        "directory 700"
      ])
    }).pipe(Effect.provide(platform)))
