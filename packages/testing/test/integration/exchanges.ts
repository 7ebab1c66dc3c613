import { Command, FileSystem } from "@effect/platform"
import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { type Backend, Container, Definition, Image, Label } from "@ociman/containers"
import { NodeRegistryHttp } from "@ociman/node"
import { Copy, Digest, Reference } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { Credentials, Registry, RegistryStore, Repository } from "@ociman/registry"
import { Leftovers, LocalRegistry, TestImage } from "@ociman/testing"
import { Chunk, Effect, Layer, Option, Stream } from "effect"
import { platform } from "../support/platform.js"

const registries = Registry.layer().pipe(Layer.provide([NodeRegistryHttp.layer(), Credentials.layerMemory()]))

const tag = Reference.Tag.make("1.0")

/** Exchanges images with an engine and skopeo through a registry and compares the digests. */
export const exchangesSuite = <E>(
  name: string,
  backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>
): void => {
  const id = Math.random().toString(16).slice(2, 10)
  const label = Label.equals("com.example.exchanges", id)
  const services = TestImage.layer({ labels: { [label.key]: label.value } }).pipe(
    Layer.provideMerge(LocalRegistry.layer()),
    Layer.provideMerge(registries)
  )
  const outer = Leftovers.layer({ labels: [label], namePrefix: `ociman-exchanges-${id}-` }).pipe(
    Layer.provideMerge(backend),
    Layer.provideMerge(platform)
  )

  layer(outer, { excludeTestServices: true, timeout: "2 minutes" })(`a registry shared with ${name}`, (it) => {
    it.layer(services, { timeout: "2 minutes" })("and skopeo", (it) => {
      const repository = (name: string) =>
        Effect.map(LocalRegistry.LocalRegistry, ({ host }) => Repository.make(`${host}/ociman/${name}`))

      const pushed = (to: Repository.Repository) =>
        Effect.gen(function*() {
          const image = Reference.make(`${to}:${tag}`)
          const test = yield* TestImage.TestImage
          yield* Image.tag(test.reference, image)
          yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
          const digest = yield* Image.push(image)
          yield* Image.removeIfPresent(image, { force: true })
          return Option.getOrThrow(digest)
        })

      const skopeo = (...args: ReadonlyArray<string>) =>
        Subprocess.run(Command.make("skopeo", "--insecure-policy", ...args), { timeout: "1 minute" })

      const copy = (from: Repository.Repository, to: Repository.Repository) =>
        Effect.gen(function*() {
          const [source, target] = yield* Effect.all([RegistryStore.make(from), RegistryStore.make(to)])
          return yield* Copy.image({ store: source, name: tag }, { store: target, name: tag })
        })

      it.scoped(
        "an image pushed by an engine is copied between repositories, pulled and run",
        () =>
          Effect.gen(function*() {
            const [from, to] = yield* Effect.all([repository("pushed"), repository("copied")])
            const digest = yield* pushed(from)
            const copied = yield* copy(from, to)
            assert.strictEqual(copied.digest, digest)

            const image = Reference.make(`${to}:${tag}`)
            yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
            yield* Image.pull(image)
            const byDigest = Reference.withDigest(Reference.withoutTag(image), digest)
            assert.isTrue(yield* Image.exists(byDigest))
            const definition = Definition.make(String(image)).pipe(
              Definition.command("echo", "through the registry"),
              Definition.label(label.key, label.value)
            )
            const { stdout } = yield* Container.run(definition)
            assert.include(stdout, "through the registry")
          }),
        { timeout: 120_000 }
      )

      it.scoped("skopeo copies an image from RegistryStore byte for byte", () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-exchange-" })
          const [from, to] = yield* Effect.all([repository("first"), repository("second")])
          const digest = yield* pushed(from)
          yield* copy(from, to)
          yield* skopeo("copy", "--quiet", "--src-tls-verify=false", `docker://${to}:${tag}`, `dir:${directory}/copy`)
          const { bytes } = yield* Registry.fetchManifest(from, digest)
          assert.deepStrictEqual(
            Buffer.from(yield* fs.readFile(`${directory}/copy/manifest.json`)),
            Buffer.from(bytes)
          )
        }), { timeout: 120_000 })

      it.scoped("Registry reads an image that skopeo pushed", () =>
        Effect.gen(function*() {
          const [from, to] = yield* Effect.all([repository("origin"), repository("by-skopeo")])
          const digest = yield* pushed(from)
          const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"]
          yield* skopeo("copy", "--quiet", ...insecure, `docker://${from}:${tag}`, `docker://${to}:${tag}`)
          const { descriptor, value } = yield* Registry.fetchManifest(to, tag)
          assert.strictEqual(descriptor.digest, digest)
          const document = Option.getOrThrow(value)
          const layers = document._tag === "Manifest" ? document.manifest.layers : []
          assert.isAbove(layers.length, 0)
          for (const layer of layers) {
            const sizes = yield* Stream.runFold(Registry.fetchBlob(to, layer), 0, (sum, { length }) => sum + length)
            assert.strictEqual(sizes, layer.size)
          }
          const tags = yield* Stream.runCollect(Registry.tags(to))
          assert.deepStrictEqual(Chunk.toReadonlyArray(tags), [tag])
        }), { timeout: 120_000 })

      it.effect("Registry lists repositories and deletes a manifest", () =>
        Effect.gen(function*() {
          const { host } = yield* LocalRegistry.LocalRegistry
          const own = yield* repository("deleted")
          const digest = yield* Effect.scoped(pushed(own))
          const all = yield* Stream.runCollect(Registry.catalog(Repository.registryKey(host), { pageSize: 1 }))
          assert.include(Chunk.toReadonlyArray(all), own.path)
          assert.isTrue(Option.isSome(yield* Registry.statManifest(own, tag)))
          yield* Registry.deleteManifest(own, Digest.Digest.make(digest))
          assert.isTrue(Option.isNone(yield* Registry.statManifest(own, tag)))
        }), { timeout: 120_000 })
    })
  })
}
