import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as FileLock from "@ociman/oci/author/FileLock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

/** Resolves a link, even if its target does not exist. */
const targetOf = (fs: FileSystem.FileSystem, path: Path.Path, file: string) =>
  fs.realPath(file).pipe(
    Effect.orElse(() => Effect.map(fs.readLink(file), (target) => path.resolve(path.dirname(file), target))),
    Effect.orElseSucceed(() => file)
  )

/** Runs an effect with an exclusive lock among programs that use this library; the tools themselves have no lock. */
export const withLock = <A, E>(
  fs: FileSystem.FileSystem,
  path: Path.Path,
  file: string,
  use: (lock: FileLock.FileLock) => Effect.Effect<A, E>
) =>
  Effect.scoped(Effect.gen(function*() {
    const target = yield* targetOf(fs, path, file)
    yield* fs.makeDirectory(path.dirname(target), { recursive: true, mode: 0o700 })
    return yield* use(yield* FileLock.acquire(fs, `${target}.lock`))
  }))

/** Replaces a file atomically by one with mode 0600. Keeps a link to it. */
export const replace = (fs: FileSystem.FileSystem, path: Path.Path, file: string, text: string) =>
  Effect.gen(function*() {
    const target = yield* targetOf(fs, path, file)
    yield* fs.makeDirectory(path.dirname(target), { recursive: true, mode: 0o700 })
    const temporary = `${target}.${(yield* Random.nextIntBetween(0, 0x7FFFFFFF)).toString(36)}.tmp`
    const write = Effect.scoped(Effect.gen(function*() {
      const handle = yield* fs.open(temporary, { flag: "wx", mode: 0o600 })
      yield* handle.writeAll(new TextEncoder().encode(text))
      yield* handle.sync
    }))
    yield* Effect.uninterruptible(
      Effect.onError(
        Effect.zipRight(write, fs.rename(temporary, target)),
        () => Effect.ignore(fs.remove(temporary, { force: true }))
      )
    )
  })
