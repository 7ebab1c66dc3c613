import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, Container, Definition, Image, Label } from "@ociman/containers"
import { Platform, Reference } from "@ociman/oci"
import { Effect, Option, Redacted, Stream } from "effect"
import { onMemory } from "./support/memory.js"

const alpine = Reference.make("alpine:3.20")

const build = (image: Reference.Reference, labels: Record<string, string>) =>
  Effect.flatMap(Backend.Backend, (backend) =>
    Stream.runDrain(backend.builds.build({
      image,
      labels: Label.fromRecord(labels),
      arguments: {},
      source: { _tag: "Instructions", text: "FROM scratch" }
    })))

const namesOf = (...filters: ReadonlyArray<Label.Filter>) =>
  Effect.map(Image.list(...filters), (images) => images.flatMap(({ tags }) => tags))

describe("a pull in memory", () => {
  it.effect("finds every image by default and keeps existing ones", () =>
    Effect.gen(function*() {
      strictEqual(yield* Image.exists(alpine), false)
      yield* Image.pull(alpine)
      const { id } = yield* Image.inspect(alpine)
      yield* Image.pull(alpine)
      strictEqual((yield* Image.inspect(alpine)).id, id)
    }).pipe(onMemory()))

  it.effect("finds only the images of the registry, with their labels", () =>
    Effect.gen(function*() {
      yield* Image.pull(alpine)
      deepStrictEqual((yield* Image.inspect(alpine)).labels, { role: "base" })
      const error = yield* Effect.flip(Image.pull(Reference.make("alpine:3.21")))
      strictEqual(error._tag, "ImageNotFound")
      assertInclude(error.message, "alpine:3.21")
    }).pipe(onMemory({ registry: [{ image: "docker.io/library/alpine:3.20", labels: { role: "base" } }] })))

  it.effect("uses the requested platform", () =>
    Effect.gen(function*() {
      yield* Image.pull(alpine, { platform: Platform.make("linux/arm64") })
      const { architecture, os } = yield* Image.inspect(alpine)
      deepStrictEqual([os, architecture], ["linux", "arm64"])
    }).pipe(onMemory()))

  it.effect("is not done for a container with the pull policy never", () =>
    Effect.gen(function*() {
      const start = Effect.scoped(Container.start(Definition.make(alpine).pipe(Definition.pullPolicy("never"))))
      const error = yield* Effect.flip(start)
      strictEqual(error._tag === "ImageNotFound" && error.image, "alpine:3.20")
      yield* Image.pull(alpine)
      yield* start
    }).pipe(onMemory()))
})

describe("a registry in memory", () => {
  const mine = Reference.make("registry.example.com/app:1")
  const alice = { username: "alice", password: Redacted.make("secret") }
  const reasonOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.map(Effect.flip(effect), (error) => "reason" in error ? String(error.reason) : error._tag)

  it.effect("serves pushed images by tag and by digest", () =>
    Effect.gen(function*() {
      strictEqual(yield* reasonOf(Image.push(mine)), "ImageNotFound")
      yield* build(mine, { version: "1" })
      const digest = Option.getOrThrow(yield* Image.push(mine))
      const { id } = yield* Image.inspect(mine)
      yield* Image.remove(mine)
      strictEqual(yield* Image.exists(mine), false)
      const byDigest = Reference.withDigest(mine, digest)
      yield* Image.pull(byDigest)
      strictEqual((yield* Image.inspect(byDigest)).id, id)
      yield* Image.pull(mine)
      deepStrictEqual((yield* Image.labels(mine)).version, "1")
    }).pipe(onMemory({ registry: [] })))

  it.effect("requires its credentials", () =>
    Effect.gen(function*() {
      strictEqual(yield* reasonOf(Image.pull(mine)), "Unauthorized")
      const mallory = { ...alice, password: Redacted.make("guess") }
      strictEqual(yield* reasonOf(Image.pull(mine, { credentials: mallory })), "Unauthorized")
      strictEqual(yield* reasonOf(Effect.scoped(Container.start(Definition.make(mine)))), "Unauthorized")
      yield* Image.pull(mine, { credentials: alice })
      yield* Image.pullIfAbsent(mine)
      strictEqual(yield* reasonOf(Image.push(mine)), "Unauthorized")
      yield* Image.push(mine, { credentials: alice })
    }).pipe(onMemory({ registries: { "registry.example.com": { credentials: alice } } })))

  it.effect("can be unreachable", () =>
    Effect.gen(function*() {
      strictEqual(yield* reasonOf(Image.pull(alpine)), "Unreachable")
      yield* Image.pull(mine)
    }).pipe(onMemory({ registries: { "docker.io": { reachable: false } } })))
})

it.effect("an image in memory is found by all forms of its name", () =>
  Effect.gen(function*() {
    const { id, tags } = yield* Image.inspect(Reference.make("docker.io/library/app:latest"))
    deepStrictEqual(tags, ["app:latest"])
    const digest = `sha256:${"0".repeat(64)}`
    for (const name of ["app", "app:latest", "docker.io/app"]) {
      strictEqual((yield* Image.inspect(Reference.make(name))).id, id)
    }
    strictEqual(yield* Image.exists(Reference.make("app:2")), false)
    yield* Image.pull(Reference.make(`other:1@${digest}`))
    deepStrictEqual((yield* Image.inspect(Reference.make(`other@${digest}`))).tags, [])
  }).pipe(onMemory({ images: [{ image: "app" }] })))

describe("the removal of an image in memory", () => {
  it.effect("fails for a missing image", () =>
    Effect.gen(function*() {
      strictEqual((yield* Effect.flip(Image.remove(alpine)))._tag, "ImageNotFound")
      yield* Image.pull(alpine)
      yield* Image.remove(alpine)
      strictEqual(yield* Image.exists(alpine), false)
      deepStrictEqual(yield* namesOf(), [])
    }).pipe(onMemory()))

  it.effect("requires force while a container uses the image, even a stopped one", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.make(alpine))
      for (const step of [Effect.void, container.stop()]) {
        yield* step
        const error = yield* Effect.flip(Image.remove(alpine))
        strictEqual(error._tag === "EngineFailed" && error.reason, "Conflict")
      }
      yield* Image.remove(alpine, { force: true })
      strictEqual(yield* Image.exists(alpine), false)
      deepStrictEqual((yield* Image.list()).map(({ tags }) => tags), [[]])
      yield* container.restart()
      yield* container.remove({ force: true })
      yield* Effect.forEach(yield* Image.list(), ({ id }) => Image.remove(id))
      deepStrictEqual(yield* Image.list(), [])
    }).pipe(onMemory()))
})

describe("a build in memory", () => {
  it.effect("sets labels and moves the tag from the previous image", () =>
    Effect.gen(function*() {
      yield* build(alpine, { version: "1" })
      const first = yield* Image.inspect(alpine)
      yield* build(alpine, { version: "2" })
      const second = yield* Image.inspect(alpine)
      strictEqual(first.id === second.id, false)
      deepStrictEqual(yield* Image.labels(alpine), { version: "2" })
      deepStrictEqual((yield* Image.list()).map(({ id, tags }) => [id, tags]), [
        [second.id, ["alpine:3.20"]],
        [first.id, []]
      ])
    }).pipe(onMemory()))

  it.effect("creates images that are found by their labels", () =>
    Effect.gen(function*() {
      yield* build(Reference.make("a:1"), { role: "a" })
      yield* build(Reference.make("b:1"), { role: "b" })
      yield* build(Reference.make("c:1"), {})
      deepStrictEqual(yield* namesOf(), ["c:1", "b:1", "a:1"])
      deepStrictEqual(yield* namesOf(Label.has("role")), ["b:1", "a:1"])
      deepStrictEqual(yield* namesOf(Label.equals("role", "a")), ["a:1"])
    }).pipe(onMemory()))
})

it.effect("a commit in memory creates an image with the container's labels and the changed ones", () =>
  Effect.gen(function*() {
    const snapshot = Reference.make("localhost/snapshot:1")
    const container = yield* Container.start(Definition.make(alpine).pipe(Definition.label("role", "primary")))
    const id = yield* container.commit(snapshot, { changes: ["LABEL stage=\"two words\"", "ENV A=1"] })
    const image = yield* Image.inspect(snapshot)
    strictEqual(image.id, id)
    strictEqual(image.labels.role, "primary")
    strictEqual(image.labels.stage, "two words")
    const copy = yield* Container.start(Definition.make(snapshot))
    deepStrictEqual(yield* copy.labels, { role: "primary", stage: "two words" })
  }).pipe(onMemory()))
