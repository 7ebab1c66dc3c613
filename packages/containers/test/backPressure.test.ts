import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { type Backend, EngineBackend, Image } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Effect, Fiber, Stream } from "effect"
import { answer, type Answers, machine } from "./support/FakeClients.js"

const piece = 65_536
const pieces = 512

/** More than the pipes and queues hold, and far less than the whole archive. */
const inFlight = 40

/** Client that counts the bytes it writes, and reads nothing before a file exists. */
const docker = (directory: string): Answers => ({
  version: answer({
    Client: { Version: "28.2.2", ApiVersion: "1.41" },
    Server: { Version: "20.10.24", ApiVersion: "1.41", Components: [{ Name: "Engine", Version: "20.10.24" }] }
  }),
  info: answer({ ServerVersion: "20.10.24", SecurityOptions: [] }),
  context: "echo unix:///var/run/docker.sock",
  image: `case $2 in
save) i=0; while [ $i -lt ${pieces} ]; do
  /usr/bin/head -c ${piece} /dev/zero || exit 1; i=$((i+1)); echo $i >'${directory}/written'
done;;
load) while [ ! -e '${directory}/go' ]; do /bin/sleep 0.02; done
  /usr/bin/wc -c >'${directory}/read'; echo "Loaded image: app:1";;
inspect) ${
    answer([{ Id: `sha256:${"a".repeat(64)}`, RepoTags: ["app:1"], Os: "linux", Architecture: "amd64", Size: 1 }])
  }
;;
esac`
})

const onMachine = <A, E>(body: (directory: string) => Effect.Effect<A, E, Backend.Backend | FileSystem.FileSystem>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-pressure-" })
    return yield* body(directory).pipe(
      Effect.provide(EngineBackend.layerDocker),
      Effect.provide(machine({ clients: { docker: docker(directory) } }))
    )
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const numberIn = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.readFileString(file), Number))

describe("an archive of images", () => {
  it.live("is written no faster than it is consumed", () =>
    onMachine((directory) =>
      Effect.gen(function*() {
        let consumed = 0
        let ahead = 0
        yield* Image.save(Reference.make("app:1")).pipe(
          Stream.runForEach((bytes) =>
            Effect.gen(function*() {
              consumed += bytes.length
              if (ahead === 0) {
                yield* Effect.sleep("500 millis")
                ahead = (yield* numberIn(`${directory}/written`)) - consumed / piece
              }
            })
          )
        )
        assert.isAbove(ahead, 0)
        assert.isBelow(ahead, inFlight)
        assert.strictEqual(consumed, pieces * piece)
      })
    ), 30_000)

  it.live("is produced no faster than the engine reads", () =>
    onMachine((directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        let pulled = 0
        const archive = Stream.repeatEffect(Effect.sync(() => {
          pulled++
          return new Uint8Array(piece)
        })).pipe(Stream.take(pieces))
        const fiber = yield* Effect.fork(Image.load(archive))
        yield* Effect.sleep("700 millis")
        assert.isAbove(pulled, 0)
        assert.isBelow(pulled, inFlight)
        yield* fs.writeFileString(`${directory}/go`, "")
        yield* Fiber.join(fiber)
        assert.strictEqual(yield* numberIn(`${directory}/read`), pieces * piece)
      })
    ), 30_000)
})
