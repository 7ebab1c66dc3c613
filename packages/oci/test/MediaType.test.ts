import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { MediaType } from "@ociman/oci"
import { Option, Schema } from "effect"

type Role = "manifest" | "index" | "config" | "layer" | "none"

const table: ReadonlyArray<readonly [MediaType.MediaType, text: string, role: Role, MediaType.Compression?]> = [
  [MediaType.ImageManifest, "application/vnd.oci.image.manifest.v1+json", "manifest"],
  [MediaType.ImageIndex, "application/vnd.oci.image.index.v1+json", "index"],
  [MediaType.ImageConfig, "application/vnd.oci.image.config.v1+json", "config"],
  [MediaType.ImageLayer, "application/vnd.oci.image.layer.v1.tar", "layer", "none"],
  [MediaType.ImageLayerGzip, "application/vnd.oci.image.layer.v1.tar+gzip", "layer", "gzip"],
  [MediaType.ImageLayerZstd, "application/vnd.oci.image.layer.v1.tar+zstd", "layer", "zstd"],
  [MediaType.Descriptor, "application/vnd.oci.descriptor.v1+json", "none"],
  [MediaType.LayoutHeader, "application/vnd.oci.layout.header.v1+json", "none"],
  [MediaType.Empty, "application/vnd.oci.empty.v1+json", "none"],
  [MediaType.DockerManifest, "application/vnd.docker.distribution.manifest.v2+json", "manifest"],
  [MediaType.DockerManifestList, "application/vnd.docker.distribution.manifest.list.v2+json", "index"],
  [MediaType.DockerConfig, "application/vnd.docker.container.image.v1+json", "config"],
  [MediaType.DockerLayer, "application/vnd.docker.image.rootfs.diff.tar", "layer", "none"],
  [MediaType.DockerLayerGzip, "application/vnd.docker.image.rootfs.diff.tar.gzip", "layer", "gzip"],
  [MediaType.DockerForeignLayer, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "layer", "gzip"]
]

describe("MediaType", () => {
  for (const [mediaType, text, role, compression] of table) {
    it(text, () => {
      assert.strictEqual(mediaType, text)
      assert.isTrue(Schema.is(MediaType.MediaType)(text))
      assert.strictEqual(MediaType.isManifest(text), role === "manifest")
      assert.strictEqual(MediaType.isIndex(text), role === "index")
      assert.strictEqual(MediaType.isConfig(text), role === "config")
      assert.strictEqual(MediaType.isLayer(text), role === "layer")
      assert.strictEqual(Option.getOrUndefined(MediaType.compression(text)), compression)
    })
  }

  it("recognizes nondistributable layers", () => {
    const prefix = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    for (const [suffix, compression] of [["", "none"], ["+gzip", "gzip"], ["+zstd", "zstd"]] as const) {
      assert.isTrue(MediaType.isNondistributable(prefix + suffix))
      assertSome(MediaType.compression(prefix + suffix), compression)
    }
    assert.isTrue(MediaType.isNondistributable(MediaType.DockerForeignLayer))
    assert.isFalse(MediaType.isNondistributable(MediaType.ImageLayerGzip))
  })

  for (const text of ["", "a", "a/", "/b", "a/b/c", "a/b; c=d", "-a/b", "a /b", `a/${"b".repeat(128)}`, "a/é"]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.isFalse(Schema.is(MediaType.MediaType)(text))
    })
  }

  it("is parsed from a Content-Type header without parameters and in lower case", () => {
    const read = (header: string) => Option.getOrUndefined(MediaType.fromContentType(header))
    assert.strictEqual(read("application/vnd.oci.image.manifest.v1+json"), MediaType.ImageManifest)
    assert.strictEqual(read(" Application/vnd.OCI.image.manifest.v1+JSON ; charset=utf-8"), MediaType.ImageManifest)
    assert.isUndefined(read("; charset=utf-8"))
    assert.isUndefined(read("text"))
  })
})
