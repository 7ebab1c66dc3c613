import type { PlatformError } from "@effect/platform/Error"
import * as Tar from "@ociman/oci/Tar"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { BackendDriver } from "../../BackendDriver.js"
import { type ContainerError, type CopyError, CopyFailed, EngineFailed } from "../../BackendError.js"
import type { Definition } from "../../Definition.js"
import * as containerPath from "../values/containerPath.js"
import * as copying from "./copying.js"
import * as hostCopying from "./hostCopying.js"

type PlacedFile = Definition.PlacedFile

type Content = Extract<PlacedFile, { readonly _tag: "Content" }>

/**
 * Copies the files of a definition into a container before its start, in order; consecutive files of one directory in
 * one archive.
 *
 * @internal
 */
export const uploadFiles = (
  driver: BackendDriver,
  container: string,
  definition: Definition
): Effect.Effect<void, CopyFailed | ContainerError> =>
  Effect.forEach(batches(definition.files), (batch) => uploadBatch(driver, container, batch), { discard: true })
    .pipe(
      Effect.catchTag("PathNotFound", ({ path }) =>
        new EngineFailed({
          engine: driver.engine.name,
          operation: "Container.create",
          reason: "UnexpectedAnswer",
          detail: `there is no ${path} in the new container`
        }))
    )

type Batch =
  | { readonly _tag: "Contents"; readonly directory: string; readonly files: ReadonlyArray<Content> }
  | Exclude<PlacedFile, Content>

const batches = (files: ReadonlyArray<PlacedFile>): ReadonlyArray<Batch> =>
  files.reduce<ReadonlyArray<Batch>>((all, file) => {
    if (file._tag === "HostFiles") return [...all, file]
    const directory = containerPath.parent(file.path)
    const last = all.at(-1)
    return last?._tag === "Contents" && last.directory === directory
      ? [...all.slice(0, -1), { ...last, files: [...last.files, file] }]
      : [...all, { _tag: "Contents", directory, files: [file] }]
  }, [])

const uploadBatch = (driver: BackendDriver, container: string, batch: Batch): Effect.Effect<void, CopyError> =>
  batch._tag === "Contents"
    ? Effect.zipRight(
      Effect.forEach(batch.files, ({ path }) => copying.checkNotEngineFile(container, path), { discard: true }),
      copying.upload(
        driver.files,
        container,
        batch.directory,
        (prefix) =>
          Stream.fromIterable(
            batch.files.map(({ attributes, content, path }) =>
              Tar.file(`${prefix}${containerPath.baseName(path)}`, Redacted.value(content), attributes)
            )
          )
      )
    )
    : hostCopying.copyIn(driver.files, container, batch.source, batch.path).pipe(
      Effect.catchAll((error) => isPlatformError(error) ? unreadable(container, batch.path, error) : Effect.fail(error))
    )

const isPlatformError = (error: CopyError | PlatformError): error is PlatformError =>
  error._tag === "SystemError" || error._tag === "BadArgument"

const unreadable = (container: string, path: string, cause: PlatformError) =>
  new CopyFailed({ container, path, reason: "Unreadable", detail: cause.message, cause })
