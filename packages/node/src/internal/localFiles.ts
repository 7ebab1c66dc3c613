/** `LocalFiles` for Node.js, implemented with `node:fs`. */
import * as LocalFiles from "@ociman/oci/LocalFiles"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as fs from "node:fs"
import { reader, typeOf } from "./fileReader.js"

const reasons: Partial<Record<string, LocalFiles.LocalFilesError["reason"]>> = {
  EEXIST: "AlreadyExists",
  ENOTEMPTY: "AlreadyExists",
  ENOENT: "NotFound",
  ENAMETOOLONG: "NameTooLong",
  ENOSPC: "NoSpace",
  EDQUOT: "NoSpace",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied"
}

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined

const failure = (operation: string, path: string) => (cause: unknown) => {
  const code = codeOf(cause)
  const reason = reasons[code ?? ""] ?? "Other"
  return new LocalFiles.LocalFilesError({ operation, path, reason, cause, ...(code === undefined ? {} : { code }) })
}

/** Milliseconds of synchronous work before yielding to the event loop. */
const timeSlice = 4

let sliceEnd = 0

/**
 * Runs a small operation on this thread: dispatching it to the thread pool would take several times as long as the
 * operation itself.
 */
const runSync = <A>(operation: string, path: string, run: () => A): Effect.Effect<A, LocalFiles.LocalFilesError> => {
  const act = Effect.try({ try: run, catch: failure(operation, path) })
  return Effect.suspend(() => performance.now() < sliceEnd ? act : Effect.zipRight(nextSlice, act))
}

/** Yields to the event loop. */
const nextSlice = Effect.async<void>((resume) => {
  setImmediate(() => {
    sliceEnd = performance.now() + timeSlice
    resume(Effect.void)
  })
})

const runAsync = <A>(
  operation: string,
  path: string,
  run: (callback: (error: NodeJS.ErrnoException | null, value?: A) => void) => void
): Effect.Effect<void, LocalFiles.LocalFilesError> =>
  Effect.async((resume) =>
    run((error) => resume(error === null ? Effect.void : Effect.fail(failure(operation, path)(error))))
  )

// The owner first: changing it clears the set-user-id bit.
const applyTo = (fd: number, attributes: LocalFiles.Attributes): void => {
  if (attributes.owner !== undefined) fs.fchownSync(fd, attributes.owner.uid, attributes.owner.gid)
  fs.fchmodSync(fd, attributes.mode)
  fs.futimesSync(fd, attributes.modified, attributes.modified)
}

const withFile = (path: string, flags: number | string, use: (fd: number) => void): void => {
  const fd = fs.openSync(path, flags, 0o600)
  const used = Either.try({ try: () => use(fd), catch: identity })
  fs.closeSync(fd)
  Either.getOrThrowWith(used, identity)
}

const writeAll = (fd: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at)
}

const { O_DIRECTORY = 0, O_NOFOLLOW = 0, O_RDONLY } = fs.constants

const writeRest = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null) => void
): void => {
  fs.write(fd, bytes, (error, written) => {
    if (error !== null || written === bytes.length) return done(error)
    writeRest(fd, bytes.subarray(written), done)
  })
}

const createFile = (path: string) =>
  Effect.acquireRelease(
    runSync("create", path, () => fs.openSync(path, "wx", 0o600)),
    (fd) => Effect.async<void>((resume) => fs.close(fd, () => resume(Effect.void)))
  ).pipe(
    Effect.map((fd): LocalFiles.Writer => ({
      // An interrupted write continues on the thread pool, and the file must not be closed before it ends.
      write: (bytes) => Effect.uninterruptible(runAsync("write", path, (callback) => writeRest(fd, bytes, callback))),
      setAttributes: (attributes) => runSync("set the attributes of", path, () => applyTo(fd, attributes))
    }))
  )

/** Makes every directory below a path writable, so that it can be emptied. */
const unlock = (path: string): void => {
  if (!fs.lstatSync(path).isDirectory()) return
  fs.chmodSync(path, 0o700)
  for (const name of fs.readdirSync(path)) unlock(`${path}/${name}`)
}

const removeTree = (path: string) =>
  runAsync("remove", path, (callback) => fs.rm(path, { force: true, recursive: true, maxRetries: 3 }, callback))

const remove = (path: string) =>
  removeTree(path).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "PermissionDenied" || reason === "AlreadyExists",
      () => Effect.zipRight(runSync("remove", path, () => unlock(path)), removeTree(path))
    )
  )

export const layer: Layer.Layer<LocalFiles.LocalFiles> = Layer.succeed(
  LocalFiles.LocalFiles,
  LocalFiles.LocalFiles.of({
    reader,
    status: (path) =>
      runSync("look at", path, () => fs.lstatSync(path, { throwIfNoEntry: false })).pipe(
        Effect.map((stats) =>
          Option.map(
            Option.fromNullable(stats),
            (stats) => ({ type: typeOf(stats), mode: stats.mode & 0o7777, uid: stats.uid })
          )
        )
      ),
    list: (path) => runSync("list", path, () => fs.readdirSync(path)),
    readLink: (path) => runSync("read the link", path, () => fs.readlinkSync(path)),
    readText: (path) => runSync("read", path, () => fs.readFileSync(path, "utf8")),
    makeDirectory: (path) => runSync("make the directory", path, () => fs.mkdirSync(path, 0o700)),
    makeSymlink: (path, target, attributes) =>
      runSync("make the link", path, () => {
        fs.symlinkSync(target, path)
        if (attributes.owner !== undefined) fs.lchownSync(path, attributes.owner.uid, attributes.owner.gid)
        fs.lutimesSync(path, attributes.modified, attributes.modified)
      }),
    makeLink: (path, existing) => runSync("make the link", path, () => fs.linkSync(existing, path)),
    writeFile: (path, content, attributes) =>
      runSync("write", path, () =>
        withFile(path, "wx", (fd) => {
          writeAll(fd, content)
          applyTo(fd, attributes)
        })),
    createFile,
    setAttributes: (path, attributes) =>
      runSync(
        "set the attributes of",
        path,
        () => withFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, (fd) => applyTo(fd, attributes))
      ),
    remove,
    rename: (from, to) => runAsync("rename", from, (callback) => fs.rename(from, to, callback))
  })
)
