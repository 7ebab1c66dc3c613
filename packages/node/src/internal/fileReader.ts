import * as FileTree from "@ociman/oci/author/FileTree"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = fs.constants

/**
 * An entry that was a file when its directory was listed may have become a pipe, on which opening must not block, or a
 * link out of the tree, which must not be followed.
 */
const flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW

const call = <A>(path: string, run: (callback: Callback<A>) => void) =>
  Effect.async<A, FileTree.FileTreeError>((resume) =>
    run((error, value) =>
      resume(error === null ? Effect.succeed(value) : Effect.fail(FileTree.unreadable(path)(error)))
    )
  )

/** A file to read, and its expected real path if it belongs to a tree. */
interface FileRequest {
  readonly path: string
  readonly realPath: string | undefined
}

const flagsOf = ({ realPath }: FileRequest): number => realPath === undefined ? O_RDONLY | O_NONBLOCK : flags

/** Checks the real path, since a parent directory may have become a link. Only possible with `/proc`. */
const check = ({ path, realPath }: FileRequest, fd: number): Either.Either<void, FileTree.FileTreeError> => {
  if (realPath === undefined) return Either.void
  const actual = Either.try(() => fs.readlinkSync(`/proc/self/fd/${fd}`))
  return Either.isLeft(actual) || actual.right === realPath ? Either.void : Either.left(changed(path))
}

const changed = (path: string) => new FileTree.FileTreeError({ path, reason: "Changed" })

/** Converts an error of opening. `ELOOP` means that the file has become a link. */
const unopened = ({ path, realPath }: FileRequest) => (cause: unknown): FileTree.FileTreeError =>
  realPath !== undefined && cause instanceof Error && "code" in cause && cause.code === "ELOOP"
    ? changed(path)
    : FileTree.unreadable(path)(cause)

const open = (file: FileRequest) =>
  Effect.acquireRelease(
    Effect.async<number, FileTree.FileTreeError>((resume) =>
      fs.open(file.path, flagsOf(file), (error, fd) =>
        resume(error === null ? Effect.succeed(fd) : Effect.fail(unopened(file)(error))))
    ),
    (fd) =>
      Effect.async<void>((resume) =>
        fs.close(fd, () => resume(Effect.void))
      )
  ).pipe(Effect.tap((fd) => check(file, fd)))

/** Reads at least `minimum` bytes, unless the file ends before, and at most the size of the buffer. */
const fill = (fd: number, buffer: Uint8Array, position: number, minimum: number, done: Callback<Uint8Array>): void => {
  const step = (length: number): void =>
    fs.read(fd, buffer, length, buffer.length - length, position + length, (error, read) => {
      if (error === null && read > 0 && length + read < minimum) return step(length + read)
      done(error, buffer.subarray(0, length + read))
    })
  step(0)
}

const fillSync = (fd: number, buffer: Uint8Array, minimum: number): Uint8Array => {
  let length = 0
  while (length < minimum) {
    const read = fs.readSync(fd, buffer, length, buffer.length - length, length)
    if (read === 0) break
    length += read
  }
  return buffer.subarray(0, length)
}

const chunkSize = 1024 * 1024

/** Streams at most `size` bytes, and one more if the file has grown. */
const stream = (
  file: FileRequest,
  size: number,
  allocate: (length: number) => Uint8Array
): Stream.Stream<Uint8Array, FileTree.FileTreeError> =>
  open(file).pipe(
    Effect.map((fd) =>
      Stream.paginateChunkEffect(0, (position: number) => {
        const buffer = allocate(Math.min(chunkSize, size + 1 - position))
        return Effect.map(
          call<Uint8Array>(file.path, (callback) => fill(fd, buffer, position, buffer.length, callback)),
          (bytes) => {
            const end = position + bytes.length
            const more = bytes.length === buffer.length && end <= size
            return [Chunk.of(bytes), more ? Option.some(end) : Option.none()] as const
          }
        )
      })
    ),
    Stream.unwrapScoped
  )

const streams = (file: FileRequest, size: number) => ({
  content: stream(file, size, (length) => new Uint8Array(length)),
  reused: Stream.suspend(() => {
    const buffer = new Uint8Array(chunkSize)
    return stream(file, size, (length) => buffer.subarray(0, length))
  })
})

const attempt = <A>(path: string, run: () => A): Either.Either<A, FileTree.FileTreeError> =>
  Either.try({ try: run, catch: FileTree.unreadable(path) })

const unsupported = (path: string) => new FileTree.FileTreeError({ path, reason: "UnsupportedType" })

/** Allocates small buffers from larger ones, which reduces the work of the garbage collector. */
const allocate = (size: number): Uint8Array => {
  if (free.length < size) free = new Uint8Array(chunkSize)
  const buffer = free.subarray(0, size)
  free = free.subarray(size)
  return buffer
}

let free = new Uint8Array(0)

const contentSync = (file: FileRequest, fd: number) =>
  Either.gen(function*() {
    const { path } = file
    yield* check(file, fd)
    const stats = yield* attempt(path, () => fs.fstatSync(fd))
    if (!stats.isFile()) return yield* Either.left(unsupported(path))
    const { mode, size } = stats
    const content = size > FileTree.wholeFileLimit
      ? streams(file, size)
      : { content: yield* attempt(path, () => fillSync(fd, allocate(size + 1), size)) }
    return { executable: FileTree.isExecutable(mode), mode: mode & 0o7777, size, ...content }
  })

const readSync = (file: FileRequest) =>
  Either.gen(function*() {
    const fd = yield* Either.try({
      try: () => fs.openSync(file.path, flagsOf(file)),
      catch: unopened(file)
    })
    const content = contentSync(file, fd)
    yield* attempt(file.path, () => fs.closeSync(fd))
    return yield* content
  })

const read = (file: FileRequest): Effect.Effect<FileTree.Content, FileTree.FileTreeError> =>
  Effect.scoped(Effect.gen(function*() {
    const { path } = file
    const fd = yield* open(file)
    const stats = yield* call<fs.Stats>(path, (callback) => fs.fstat(fd, callback))
    if (!stats.isFile()) return yield* unsupported(path)
    const { mode, size } = stats
    const content = size > FileTree.wholeFileLimit
      ? streams(file, size)
      : { content: yield* call<Uint8Array>(path, (callback) => fill(fd, new Uint8Array(size + 1), 0, size, callback)) }
    return { executable: FileTree.isExecutable(mode), mode: mode & 0o7777, size, ...content }
  }))

/** Milliseconds of synchronous reading before yielding to the event loop. */
const timeSlice = 4

/**
 * Reads files synchronously first: cached files take a fraction of the time that the thread pool would. Once that is slow,
 * as on a cold disk or over a network, reads the rest concurrently.
 */
const readFiles: FileTree.Reader["readFiles"] = (paths, root) =>
  Effect.gen(function*() {
    const realRoot = root === undefined ? undefined : yield* attempt(root, () => fs.realpathSync(root))
    const all = paths.map((path): FileRequest => ({
      path,
      realPath: root === undefined || realRoot === undefined ? undefined : FileTree.below(realRoot, root, path)
    }))
    const contents: Array<FileTree.Content> = []
    const end = performance.now() + timeSlice
    for (const file of all) {
      if (performance.now() > end) break
      contents.push(yield* readSync(file))
    }
    yield* yieldToEventLoop
    const rest = yield* Effect.forEach(all.slice(contents.length), read, { concurrency: "unbounded" })
    return contents.concat(rest)
  })

/** Yields to the event loop, timers and sockets included. */
const yieldToEventLoop = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

export const typeOf = (entry: fs.Dirent | fs.Stats): FileTree.EntryType =>
  entry.isFile()
    ? "File"
    : entry.isDirectory()
    ? "Directory"
    : entry.isSymbolicLink()
    ? "Symlink"
    : entry.isSocket()
    ? "Socket"
    : "Other"

export const reader: FileTree.Reader = {
  readDirectory: (path) =>
    Effect.map(
      call<Array<fs.Dirent>>(path, (callback) => fs.readdir(path, { withFileTypes: true }, callback)),
      (entries) => entries.map((entry) => ({ name: entry.name, type: typeOf(entry) }))
    ),
  readLink: (path) => call<string>(path, (callback) => fs.readlink(path, callback)),
  readMode: (path) =>
    Effect.map(call<fs.Stats>(path, (callback) => fs.stat(path, callback)), ({ mode }) => mode & 0o7777),
  readFiles
}
