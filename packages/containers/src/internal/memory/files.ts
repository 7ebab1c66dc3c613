import * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../BackendDriver.js"
import { type CopyError, CopyFailed, PathNotFound } from "../../BackendError.js"
import type * as Mount from "../../Mount.js"
import { invalidArchive } from "../contract/invalidArchive.js"
import { collect } from "../values/bytes.js"
import * as containerPath from "../values/containerPath.js"
import { type Context, getContainer, updateContainer } from "./context.js"
import * as FileSystem from "./fileSystem.js"
import * as Mounts from "./mounts.js"
import * as State from "./state.js"

/** @internal */
export const files = (context: Context): Files => ({
  copyInto: <E>(key: string, directory: string, archive: Stream.Stream<Uint8Array, E>) =>
    Effect.gen(function*() {
      yield* checkWritable(yield* getContainer(context, key), directory)
      const entries = yield* unpackArchive(key, directory, archive)
      yield* updateContainer(context, key, (container, state) =>
        Either.match(FileSystem.unpack(Mounts.view(state, container), directory, entries), {
          onLeft: ({ detail, reason }): Effect.Effect<State.State, CopyFailed | PathNotFound> =>
            reason === "PathNotFound"
              ? new PathNotFound({ container: key, path: directory })
              : new CopyFailed({ container: key, path: directory, reason, detail }),
          onRight: (files) =>
            Effect.succeed(Mounts.put(state, container, files))
        }))
    }),

  copyOutOf: (key, path) =>
    Stream.unwrap(Effect.map(
      Effect.flatMap(context.state.get, (state) =>
        Effect.map(State.findContainer(state, key), (container) => Mounts.view(state, container))),
      (files): Stream.Stream<Uint8Array, CopyError> =>
        Option.match(FileSystem.entriesAt(files, path), {
          onNone: () =>
            Stream.fail(new PathNotFound({ container: key, path })),
          onSome: (entries) =>
            Stream.mapError(
              Tar.write(Stream.fromIterable(entries)),
              (error) => invalidArchive(key, path, error)
            )
        })
    ))
})

const checkWritable = ({ definition, id, run }: State.Container, path: string): Effect.Effect<void, CopyFailed> => {
  const mount = definition.mounts
    .filter(({ target }) => containerPath.isWithin(path, target))
    .reduce<Mount.Mount | undefined>(
      (innermost, mount) =>
        innermost === undefined || mount.target.length > innermost.target.length ? mount : innermost,
      undefined
    )
  const failed = (reason: CopyFailed["reason"], detail: string) =>
    new CopyFailed({ container: id, path, reason, detail })
  const kernel = containerPath.kernelFileSystems.find((directory) => containerPath.isWithin(path, directory))
  if (mount === undefined && kernel !== undefined) {
    return failed("Unreachable", `${kernel} is a file system of the kernel`)
  }
  const inMemory = mount?._tag === "Tmpfs" ? mount.target : "/dev"
  if ((mount === undefined || mount._tag === "Tmpfs") && containerPath.isWithin(path, inMemory) && Option.isNone(run)) {
    return failed(
      "Unreachable",
      `${inMemory} is a memory file system, which exists only while the container runs`
    )
  }
  if (mount === undefined ? definition.readOnlyRoot : mount.readOnly) {
    return failed("ReadOnly", "it is mounted read-only")
  }
  return Effect.void
}

const unpackArchive = <E>(container: string, path: string, archive: Stream.Stream<Uint8Array, E>) =>
  Tar.read(archive).pipe(
    Stream.mapEffect((entry) =>
      Effect.map(collect(entry.content), (bytes): FileSystem.Unpacked => ({ ...entry, bytes }))
    ),
    Stream.runCollect,
    Effect.map((entries) => Array.from(entries)),
    Effect.mapError((error) => error instanceof Tar.TarError ? invalidArchive(container, path, error) : error)
  )
