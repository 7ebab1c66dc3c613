import * as FileTree from "@ociman/oci/FileTree"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = fs.constants

/**
 * An entry that was a file when its directory was listed may be a pipe by now, which must not be waited for, or a link
 * out of the tree, which must not be followed.
 */
const flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW

const call = <A>(path: string, run: (callback: Callback<A>) => void) =>
  Effect.async<A, FileTree.FileTreeError>((resume) =>
    run((error, value) =>
      resume(error === null ? Effect.succeed(value) : Effect.fail(FileTree.unreadable(path)(error)))
    )
  )

/** A file to read, and the real path that it must have if it is one of a tree. */
interface Wanted {
  readonly path: string
  readonly realPath: string | undefined
}

const flagsOf = ({ realPath }: Wanted): number => realPath === undefined ? O_RDONLY | O_NONBLOCK : flags

/** A directory on the way can have become a link as well. Where nothing tells the path of a handle, it is not checked. */
const check = ({ path, realPath }: Wanted, fd: number): Either.Either<void, FileTree.FileTreeError> => {
  if (realPath === undefined) return Either.void
  const actual = Either.try(() => fs.readlinkSync(`/proc/self/fd/${fd}`))
  return Either.isLeft(actual) || actual.right === realPath ? Either.void : Either.left(changed(path))
}

const changed = (path: string) => new FileTree.FileTreeError({ path, reason: "Changed" })

/** Opening a link without following it fails so. */
const unopened = ({ path, realPath }: Wanted) => (cause: unknown): FileTree.FileTreeError =>
  realPath !== undefined && cause instanceof Error && "code" in cause && cause.code === "ELOOP"
    ? changed(path)
    : FileTree.unreadable(path)(cause)

const open = (wanted: Wanted) =>
  Effect.acquireRelease(
    Effect.async<number, FileTree.FileTreeError>((resume) =>
      fs.open(wanted.path, flagsOf(wanted), (error, fd) =>
        resume(error === null ? Effect.succeed(fd) : Effect.fail(unopened(wanted)(error))))
    ),
    (fd) =>
      Effect.async<void>((resume) =>
        fs.close(fd, () => resume(Effect.void))
      )
  ).pipe(Effect.tap((fd) => check(wanted, fd)))

/** Reads at least `enough` bytes, unless the file ends before, and at most what fits. */
const fill = (fd: number, buffer: Uint8Array, position: number, enough: number, done: Callback<Uint8Array>): void => {
  const step = (length: number): void =>
    fs.read(fd, buffer, length, buffer.length - length, position + length, (error, read) => {
      if (error === null && read > 0 && length + read < enough) return step(length + read)
      done(error, buffer.subarray(0, length + read))
    })
  step(0)
}

const fillNow = (fd: number, buffer: Uint8Array, enough: number): Uint8Array => {
  let length = 0
  while (length < enough) {
    const read = fs.readSync(fd, buffer, length, buffer.length - length, length)
    if (read === 0) break
    length += read
  }
  return buffer.subarray(0, length)
}

const chunkSize = 1024 * 1024

/** At most `size` bytes and the one more that shows the file has grown. */
const stream = (
  wanted: Wanted,
  size: number,
  allocate: (length: number) => Uint8Array
): Stream.Stream<Uint8Array, FileTree.FileTreeError> =>
  open(wanted).pipe(
    Effect.map((fd) =>
      Stream.paginateChunkEffect(0, (position: number) => {
        const buffer = allocate(Math.min(chunkSize, size + 1 - position))
        return Effect.map(
          call<Uint8Array>(wanted.path, (callback) => fill(fd, buffer, position, buffer.length, callback)),
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

const streams = (wanted: Wanted, size: number) => ({
  content: stream(wanted, size, (length) => new Uint8Array(length)),
  reused: Stream.suspend(() => {
    const buffer = new Uint8Array(chunkSize)
    return stream(wanted, size, (length) => buffer.subarray(0, length))
  })
})

const attempt = <A>(path: string, run: () => A): Either.Either<A, FileTree.FileTreeError> =>
  Either.try({ try: run, catch: FileTree.unreadable(path) })

const unsupported = (path: string) => new FileTree.FileTreeError({ path, reason: "UnsupportedType" })

/** Hands out buffers that are parts of larger ones, of which there are few for a garbage collector to follow. */
const allocate = (size: number): Uint8Array => {
  if (free.length < size) free = new Uint8Array(chunkSize)
  const buffer = free.subarray(0, size)
  free = free.subarray(size)
  return buffer
}

let free = new Uint8Array(0)

const contentNow = (wanted: Wanted, fd: number) =>
  Either.gen(function*() {
    const { path } = wanted
    yield* check(wanted, fd)
    const stats = yield* attempt(path, () => fs.fstatSync(fd))
    if (!stats.isFile()) return yield* Either.left(unsupported(path))
    const { mode, size } = stats
    const content = size > FileTree.wholeFileLimit
      ? streams(wanted, size)
      : { content: yield* attempt(path, () => fillNow(fd, allocate(size + 1), size)) }
    return { executable: FileTree.isExecutable(mode), mode: mode & 0o7777, size, ...content }
  })

const readNow = (wanted: Wanted) =>
  Either.gen(function*() {
    const fd = yield* Either.try({
      try: () => fs.openSync(wanted.path, flagsOf(wanted)),
      catch: unopened(wanted)
    })
    const content = contentNow(wanted, fd)
    yield* attempt(wanted.path, () => fs.closeSync(fd))
    return yield* content
  })

const read = (wanted: Wanted): Effect.Effect<FileTree.Content, FileTree.FileTreeError> =>
  Effect.scoped(Effect.gen(function*() {
    const { path } = wanted
    const fd = yield* open(wanted)
    const stats = yield* call<fs.Stats>(path, (callback) => fs.fstat(fd, callback))
    if (!stats.isFile()) return yield* unsupported(path)
    const { mode, size } = stats
    const content = size > FileTree.wholeFileLimit
      ? streams(wanted, size)
      : { content: yield* call<Uint8Array>(path, (callback) => fill(fd, new Uint8Array(size + 1), 0, size, callback)) }
    return { executable: FileTree.isExecutable(mode), mode: mode & 0o7777, size, ...content }
  }))

/** For how many milliseconds files are read on this thread before others get a turn. */
const patience = 4

/**
 * What the system has in memory is read at once, which takes a fraction of the time that handing it to other threads
 * would. Once that turns out to be slow, as on a cold disk or over a network, the rest is read concurrently.
 */
const readFiles: FileTree.Reader["readFiles"] = (paths, root) =>
  Effect.gen(function*() {
    const realRoot = root === undefined ? undefined : yield* attempt(root, () => fs.realpathSync(root))
    const all = paths.map((path): Wanted => ({
      path,
      realPath: root === undefined || realRoot === undefined ? undefined : FileTree.below(realRoot, root, path)
    }))
    const contents: Array<FileTree.Content> = []
    const end = performance.now() + patience
    for (const wanted of all) {
      if (performance.now() > end) break
      contents.push(yield* readNow(wanted))
    }
    yield* turn
    const rest = yield* Effect.forEach(all.slice(contents.length), read, { concurrency: "unbounded" })
    return contents.concat(rest)
  })

/** Lets everything run that waits for its turn, timers and sockets included. */
const turn = Effect.async<void>((resume) => {
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
