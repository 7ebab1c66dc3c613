import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as processes from "../processes.js"

// The runtime opens files of its own, such as pooled connections and pipes of workers.
const openFilesAllowance = 16

/** @internal */
export const make = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const temporary = yield* temporaryDirectory
  const before = yield* look(temporary)
  return look(temporary).pipe(
    Effect.map(({ children, files, openFiles }) => [
      ...children.filter(({ pid }) => !before.children.some((child) => child.pid === pid))
        .map(({ commandLine, pid }) => `process ${pid} ${commandLine}`),
      ...files.filter((file) => !before.files.includes(file)).map((file) => `file ${file}`),
      ...(openFiles > before.openFiles + openFilesAllowance
        ? [`open files: ${openFiles} (before: ${before.openFiles})`]
        : [])
    ]),
    Effect.provideService(FileSystem.FileSystem, fileSystem),
    Effect.provideService(Path.Path, path)
  )
})

const look = (temporary: string) =>
  Effect.all({ children, files: files(temporary), openFiles }, { concurrency: "unbounded" })

const children = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const self = yield* Effect.option(fs.readLink("/proc/self"))
  return Option.isNone(self)
    ? []
    : (yield* processes.list).filter(({ parent }) => parent === Number(self.value))
})

const openFiles = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.orElseSucceed(Effect.map(fs.readDirectory("/proc/self/fd"), ({ length }) => length), () => 0)
})

const temporaryDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* Effect.scoped(
    Effect.map(fs.makeTempDirectoryScoped({ prefix: "ociman-look-" }), (directory) => path.dirname(directory))
  )
})

const isOfThisLibrary = (name: string) => /^ociman-(?:auth|copy|env|push|registry|test-image)-/.test(name)

const files = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* fs.readDirectory(directory)
    return names.filter(isOfThisLibrary).map((name) => path.join(directory, name))
  })
