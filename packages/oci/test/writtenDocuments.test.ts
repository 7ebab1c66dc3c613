/** All written documents are valid for the JSON schemas of the specification. */
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import {
  Annotations,
  Artifact,
  Copy,
  ImageLayer,
  LocalStore,
  MediaType,
  OciArchive,
  type OciDirectory,
  Platform,
  RunnableImage,
  Tar
} from "@ociman/oci"
import { Effect, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { bytesOf, temporary } from "./archives.js"
import { elf } from "./elf.js"
import { schemaOf } from "./imageSpec.js"
import { live } from "./live.js"

type Kind = Parameters<typeof schemaOf>[0]

const kindOf = (document: unknown): Kind | undefined => {
  if (typeof document !== "object" || document === null) return undefined
  if ("manifests" in document) return "index"
  if ("layers" in document && "config" in document) return "manifest"
  return "rootfs" in document ? "config" : undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Violations in the documents of a layout, and the number of documents of each kind. */
const examined = (root: string) => {
  const counts: Partial<Record<Kind, number>> = {}
  const faults: Array<unknown> = []
  const check = (kind: Kind, document: unknown) => {
    counts[kind] = (counts[kind] ?? 0) + 1
    const validate = schemaOf(kind)
    if (validate !== undefined && !validate(document)) faults.push([document, validate.errors])
  }
  check("layout", parsed(readFileSync(`${root}/oci-layout`, "utf8")))
  check("index", parsed(readFileSync(`${root}/index.json`, "utf8")))
  for (const name of readdirSync(`${root}/blobs/sha256`)) {
    const document = parsed(readFileSync(`${root}/blobs/sha256/${name}`, "latin1"))
    const kind = kindOf(document)
    if (kind !== undefined) check(kind, document)
  }
  deepStrictEqual(faults, [])
  return counts
}

const image = (path: string) =>
  RunnableImage.fromExecutable(path).pipe(
    RunnableImage.addLayer(ImageLayer.compress(ImageLayer.fromEntries([Tar.file("etc/motd", "")]), "gzip")),
    RunnableImage.entrypoint("/hello"),
    RunnableImage.command("a", "b"),
    RunnableImage.env({ A: "b" }),
    RunnableImage.user("1:2"),
    RunnableImage.workingDirectory("/etc"),
    RunnableImage.expose(80),
    RunnableImage.volume("/data"),
    RunnableImage.labels({ "com.example": "ü" }),
    RunnableImage.stopSignal("SIGINT"),
    RunnableImage.healthCheck(["/hello"], { interval: "1 second" }),
    RunnableImage.annotate({ [Annotations.title]: "title" }),
    RunnableImage.author("me")
  )

const fill = (store: OciDirectory.OciDirectory, root: string) =>
  Effect.gen(function*() {
    mkdirSync(`${root}/files`)
    writeFileSync(`${root}/files/a`, "1")
    writeFileSync(`${root}/hello`, elf({ machine: 62 }))
    writeFileSync(`${root}/hello-arm64`, elf({ machine: 183 }))
    yield* RunnableImage.push(image(`${root}/hello`), store, "image")
    yield* RunnableImage.push(image(`${root}/hello`), store, "docker", { format: "docker" })
    yield* RunnableImage.pushIndex([image(`${root}/hello`), image(`${root}/hello-arm64`)], store, "example.com/all:1")
    yield* RunnableImage.push(RunnableImage.scratch(Platform.make("linux/arm/v7")), store, "nothing")
    yield* RunnableImage.fromImage({ store, name: "image" }, Platform.make("linux/amd64")).pipe(
      RunnableImage.addLayer(ImageLayer.fromEntries([Tar.file("b", "")])),
      RunnableImage.push(store, "based")
    )
    const { descriptor } = yield* Artifact.push(Artifact.fromDirectory(`${root}/files`), store, "artifact")
    const type = MediaType.MediaType.make("application/vnd.example")
    yield* Artifact.push(Artifact.subject(Artifact.make(type), descriptor), store)
    yield* Artifact.push(
      Artifact.fromStream(type, Stream.make(Uint8Array.of(1)), { title: "one" }).pipe(
        Artifact.annotate({ [Annotations.version]: "1" })
      ),
      store,
      "stream"
    )
  })

const expected = { layout: 1, index: 2, manifest: 8, config: 4 }

describe("All written documents", () => {
  live(
    "are valid for the JSON schemas of the specification",
    Effect.gen(function*() {
      const root = yield* temporary
      const store = yield* LocalStore.make(`${root}/local`)
      yield* fill(store.layout, root)
      deepStrictEqual(examined(store.layout.path), expected)

      const names = [...(yield* Stream.runCollect(store.names))]
      const unpacked = (name: string) => {
        mkdirSync(`${root}/${name}`)
        execFileSync("tar", ["-xf", `${root}/${name}.tar`, "-C", `${root}/${name}`])
        return examined(`${root}/${name}`)
      }
      yield* OciArchive.edit(
        `${root}/saved.tar`,
        (to) => Effect.forEach(names, (name) => Copy.image({ store, name }, { store: to, name }, { referrers: true }))
      )
      deepStrictEqual(unpacked("saved"), expected)
      writeFileSync(`${root}/streamed.tar`, yield* bytesOf(OciArchive.stream(store, names)))
      const { manifest = 0 } = unpacked("streamed")
      assertTrue(manifest >= 7)
    })
  )
})
