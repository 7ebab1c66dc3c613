import { FileTree } from "@ociman/oci"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

/** What listing said is a file may be a pipe by now, which must not be waited for. */
const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0)

const call = <A>(path: string, run: (callback: Callback<A>) => void) =>
  Effect.async<A, FileTree.FileTreeError>((resume) =>
    run((error, value) =>
      resume(error === null ? Effect.succeed(value) : Effect.fail(FileTree.unreadable(path)(error)))
    )
  )

const typeOf = (entry: fs.Dirent): FileTree.EntryType =>
  entry.isFile()
    ? "File"
    : entry.isDirectory()
    ? "Directory"
    : entry.isSymbolicLink()
    ? "Symlink"
    : entry.isSocket()
    ? "Socket"
    : "Other"

/** Reads at least `enough` bytes, unless the file ends before, and at most what fits. */
const fill = (fd: number, buffer: Uint8Array, position: number, enough: number, done: Callback<Uint8Array>): void => {
  const step = (length: number): void =>
    fs.read(fd, buffer, length, buffer.length - length, position + length, (error, read) => {
      if (error === null && read > 0 && length + read < enough) return step(length + read)
      done(error, buffer.subarray(0, length + read))
    })
  step(0)
}

const chunkSize = 1024 * 1024

/** At most `size` bytes and the one more that shows the file has grown. */
const stream = (path: string, size: number): Stream.Stream<Uint8Array, FileTree.FileTreeError> =>
  Effect.acquireRelease(
    call<number>(path, (callback) => fs.open(path, flags, callback)),
    (fd) => Effect.async<void>((resume) => fs.close(fd, () => resume(Effect.void)))
  ).pipe(
    Effect.map((fd) =>
      Stream.paginateChunkEffect(0, (position: number) => {
        const buffer = new Uint8Array(Math.min(chunkSize, size + 1 - position))
        return Effect.map(
          call<Uint8Array>(path, (callback) => fill(fd, buffer, position, buffer.length, callback)),
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

/** The content of a file. Plain callbacks: an Effect for each of the four calls takes longer than the calls. */
const readFile = (path: string, done: (content: Either.Either<FileTree.Content, FileTree.FileTreeError>) => void) =>
  fs.open(path, flags, (error, fd) => {
    if (error !== null) return done(Either.left(FileTree.unreadable(path)(error)))
    const close = (content: Either.Either<FileTree.Content, FileTree.FileTreeError>) =>
      fs.close(fd, () => done(content))
    fs.fstat(fd, (error, stats) => {
      if (error !== null) return close(Either.left(FileTree.unreadable(path)(error)))
      if (!stats.isFile()) return close(Either.left(new FileTree.FileTreeError({ path, reason: "UnsupportedType" })))
      const content = { executable: FileTree.isExecutable(stats.mode), size: stats.size }
      if (stats.size > FileTree.wholeFileLimit) {
        return close(Either.right({ ...content, content: stream(path, stats.size) }))
      }
      fill(fd, new Uint8Array(stats.size + 1), 0, stats.size, (error, bytes) =>
        close(
          error === null
            ? Either.right({ ...content, content: bytes })
            : Either.left(FileTree.unreadable(path)(error))
        ))
    })
  })

const readFiles = (paths: ReadonlyArray<string>) =>
  Effect.async<ReadonlyArray<FileTree.Content>, FileTree.FileTreeError>((resume) => {
    const contents = new Array<FileTree.Content>(paths.length)
    let open = paths.length
    if (open === 0) return resume(Effect.succeed(contents))
    paths.forEach((path, index) =>
      readFile(path, (content) => {
        if (Either.isLeft(content)) return resume(Effect.fail(content.left))
        contents[index] = content.right
        if (--open === 0) resume(Effect.succeed(contents))
      })
    )
  })

export const reader: FileTree.Reader = {
  readDirectory: (path) =>
    Effect.map(
      call<Array<fs.Dirent>>(path, (callback) => fs.readdir(path, { withFileTypes: true }, callback)),
      (entries) => entries.map((entry) => ({ name: entry.name, type: typeOf(entry) }))
    ),
  readLink: (path) => call<string>(path, (callback) => fs.readlink(path, callback)),
  readFiles
}
