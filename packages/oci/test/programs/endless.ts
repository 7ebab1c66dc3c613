/**
 * Prints `ready` while it writes content without an end, or has a temporary directory open: `endless.ts
 * archive|unpack|temporary PATH`.
 */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeImages } from "@ociman/node"
import { Digest, MediaType, OciArchive, Tar, Unpack } from "@ociman/oci"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import { Console, Effect, Layer, Stream } from "effect"

const [, , kind = "", path = ""] = process.argv

const bytes = Stream.make(new Uint8Array(100_000)).pipe(
  Stream.concat(Stream.execute(Console.log("ready"))),
  Stream.concat(Stream.never)
)

const archive = OciArchive.edit(path, (archive) =>
  archive.push({
    mediaType: MediaType.ImageLayer,
    digest: Digest.Digest.make(`sha256:${"0".repeat(64)}`),
    size: Number.MAX_SAFE_INTEGER
  }, bytes))

const unpack = Unpack.toDirectory(path, [{
  mediaType: MediaType.ImageLayer,
  bytes: Tar.write(Stream.make(Tar.fileStream("large", 2 ** 30, bytes)))
}], { overwrite: true })

const temporary = TemporaryDirectory.makeScoped({ prefix: "ociman-test-" }).pipe(
  Effect.zipRight(Console.log("ready")),
  Effect.zipRight(Effect.never),
  Effect.scoped
)

if (kind === "temporary") process.env.TMPDIR = path

type Requirements =
  | Effect.Effect.Context<typeof archive>
  | Effect.Effect.Context<typeof unpack>
  | Effect.Effect.Context<typeof temporary>

Effect.asVoid<unknown, unknown, Requirements>(
  kind === "archive" ? archive : kind === "unpack" ? unpack : temporary
).pipe(
  Effect.provide(Layer.mergeAll(NodeContext.layer, NodeImages.layer)),
  NodeRuntime.runMain
)
