import { describe } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { ImageLayer, OciArchive, Unpack } from "@ociman/oci"
import { Effect, Stream } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { pushImage, temporary } from "./archives.js"
import { live } from "./live.js"
import { describeTree } from "./trees.js"
import { layerBySkopeo, zstdCompressSync } from "./zstd.js"

describe("Layers compressed with zstd", () => {
  const blob = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
    bytes: Stream.make(layerBySkopeo)
  }

  live(
    "are unpacked as written by skopeo, or refused if the platform does not support zstd",
    Effect.gen(function*() {
      const target = `${yield* temporary}/out`
      const unpacked = Unpack.toDirectory(target, [blob])
      if (zstdCompressSync !== undefined) {
        yield* unpacked
        return deepStrictEqual(describeTree(target), ["etc/", "etc/motd 644 Hello.\n"])
      }
      const error = yield* Effect.flip(unpacked)
      assertTrue(error._tag === "CompressionError" && error.reason === "Unavailable")
      assertInclude(error.message, "22.15")
      assertTrue(!existsSync(target))
    })
  )

  live(
    "are squashed with other layers",
    Effect.gen(function*() {
      if (zstdCompressSync === undefined) return
      const target = `${yield* temporary}/out`
      const squashed = ImageLayer.squash([blob, blob])
      yield* Unpack.toDirectory(target, [ImageLayer.toBlob(squashed)])
      deepStrictEqual(describeTree(target), ["etc/", "etc/motd 644 Hello.\n"])
    })
  )

  live(
    "are opened as archives, or refused if the platform does not support zstd",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { manifest } = yield* OciArchive.edit(
        path,
        (archive) => Effect.tap(pushImage(archive, ["one"]), ({ manifest }) => archive.tag(manifest, "v1"))
      )
      writeFileSync(path, zstdCompressSync?.(readFileSync(path)) ?? layerBySkopeo)
      const opened = Effect.flatMap(OciArchive.open(path), (archive) => archive.resolve("v1"))
      if (zstdCompressSync !== undefined) return strictEqual((yield* opened).digest, manifest.digest)
      const error = yield* Effect.flip(opened)
      assertTrue(error._tag === "LayoutError" && error.reason === "Unreadable")
      assertInclude(error.message, "zstd is not available on this platform")
    })
  )
})
