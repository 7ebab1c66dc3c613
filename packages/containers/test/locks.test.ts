import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Backend } from "@ociman/containers"
import { ConfigProvider, Effect, Logger } from "effect"

/** Files in a directory while a lock is held, and the messages logged meanwhile. */
const holding = (directory: string, variables: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const logged: Array<string> = []
    const host = yield* Backend.host
    const files = yield* host.lock("memory builder").pipe(
      Effect.zipRight(fileSystem.readDirectory(directory)),
      Effect.scoped,
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))),
      Effect.provide(Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void logged.push(String(message)))
      ))
    )
    return { files, logged: logged.join("\n") }
  })

const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "ociman-locks-" }), fs.realPath)
)

const name = `ociman-${process.getuid?.()}`

describe("locks between processes", () => {
  it.scopedLive("are stored in the user's runtime directory, otherwise in a temporary directory of the user", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (
        const [variables, place] of [
          [{ XDG_RUNTIME_DIR: directory, TMPDIR: "/nowhere" }, "ociman"],
          [{ TMPDIR: directory, USER: "../else" }, name]
        ] as const
      ) {
        const { files, logged } = yield* holding(`${directory}/${place}/locks`, variables)
        assert.strictEqual(logged, "")
        assert.lengthOf(files, 1)
        assert.match(files[0] ?? "", /^memory_builder-[0-9a-f]+$/)
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("are not stored in a directory that another user may have prepared, which logs a warning", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* fs.makeDirectory(`${directory}/trap`)
      yield* fs.symlink("trap", `${directory}/${name}`)
      const linked = yield* holding(`${directory}/trap`, { TMPDIR: directory })
      assert.deepStrictEqual(linked.files, [])
      assert.include(linked.logged, "it is a link")
      yield* fs.remove(`${directory}/${name}`)
      yield* fs.makeDirectory(`${directory}/${name}`)
      yield* fs.chmod(`${directory}/${name}`, 0o777)
      const open = yield* holding(`${directory}/${name}`, { TMPDIR: directory })
      assert.deepStrictEqual(open.files, [])
      assert.include(open.logged, "other users can write to it")
    }).pipe(Effect.provide(NodeContext.layer)))
})
