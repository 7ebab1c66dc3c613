/** Store of the crate ocipkg: `HOST[__PORT]/NAME/__REFERENCE/` with the files, and a layout in `.oci-dir`. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type ContentError, ContentNotFound } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import * as OciDirectory from "../../OciDirectory.js"
import * as entries from "../documents/indexEntries.js"
import type { Lister, Readable } from "./model.js"

const maxDepth = 32

/** The crate writes `name:sha256:…` for `name@sha256:…`. */
const printed = (name: string): string => name.replace(/:(sha256:[0-9a-f]{64})$/, "@$1")

const ofPath = ([host = "", ...rest]: ReadonlyArray<string>): string => {
  const reference = rest[rest.length - 1]?.slice(2) ?? ""
  return printed(
    `${host.replace("__", ":")}/${rest.slice(0, -1).join("/")}:${reference.replace("sha256__", "sha256:")}`
  )
}

interface Found {
  readonly name: string
  readonly layout: OciDirectory.OciDirectory
  readonly descriptor: Descriptor
}

export const open = (root: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const store = `the store of ocipkg in ${JSON.stringify(root)}`

    /** Reads the images of a layout. An incomplete layout has none. */
    const imageAt = (parts: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const layout = yield* OciDirectory.open(path.join(root, ...parts, ".oci-dir"))
        const { manifests } = yield* layout.index
        return manifests.map((descriptor): Found => ({
          name: Option.match(Option.fromNullable(entries.nameOf(descriptor)), {
            onNone: () => ofPath(parts),
            onSome: printed
          }),
          layout,
          descriptor
        }))
      }).pipe(Effect.orElseSucceed((): ReadonlyArray<Found> => []))

    const isDirectory = (location: string) =>
      Effect.gen(function*() {
        if (yield* Effect.isSuccess(fs.readLink(location))) return false
        const info = yield* Effect.option(fs.stat(location))
        return Option.isSome(info) && info.value.type === "Directory"
      })

    const walk = (
      parts: ReadonlyArray<string>
    ): Effect.Effect<ReadonlyArray<Found>, never, Effect.Effect.Context<ReturnType<typeof imageAt>>> =>
      Effect.gen(function*() {
        const names = yield* Effect.orElseSucceed(fs.readDirectory(path.join(root, ...parts)), () => [])
        const found = yield* Effect.forEach(names, (name) => {
          const below = [...parts, name]
          return Effect.flatMap(isDirectory(path.join(root, ...below)), (yes) =>
            !yes || below.length > maxDepth
              ? Effect.succeed([])
              : name.startsWith("__") && parts.length > 0
              ? imageAt(below)
              : walk(below))
        })
        return found.flat()
      })

    const all = yield* walk([])

    const first = <A>(f: (found: Found) => Effect.Effect<boolean, ContentError>, use: (found: Found) => A) =>
      Effect.map(Effect.findFirst(all, f), Option.map(use))

    return {
      name: store,
      fetch: (descriptor) =>
        Stream.unwrap(Effect.map(
          first(({ layout }) => layout.exists(descriptor), ({ layout }) => layout.fetch(descriptor)),
          Option.getOrElse(() => Stream.fail(new ContentNotFound({ content: descriptor.digest, store })))
        )),
      exists: (descriptor) => Effect.map(first(({ layout }) => layout.exists(descriptor), () => true), Option.isSome),
      resolve: (name) => {
        const found = all.find((image) => image.name === printed(name) || image.descriptor.digest === name)
        return found === undefined
          ? new ContentNotFound({ content: name, store })
          : Effect.succeed(entries.withName(found.descriptor, found.name))
      },
      names: Stream.fromIterable([...new Set(all.map(({ name }) => name))]),
      referrers: (subject, options) =>
        Stream.flatMap(Stream.fromIterable(all), ({ layout }) => layout.referrers(subject, options))
    } satisfies Readable & Lister
  })
