import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Image from "@ociman/containers/Image"
import * as ImageId from "@ociman/containers/ImageId"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { failsWith, type Suite } from "./support.js"

/**
 * Tags an image and removes the tag when the scope closes.
 *
 * @internal
 */
export const tagged = (image: Reference.Reference, text: string) => {
  const name = Reference.make(text)
  return Effect.acquireRelease(
    Effect.as(Image.tag(image, name), name),
    () => Effect.ignoreLogged(Image.removeIfPresent(name, { force: true }))
  )
}

const imageNames = ({ idle, image, test, uniqueName }: Suite): void => {
  test(
    "an image keeps each name until that name is removed",
    Effect.gen(function*() {
      const target = Reference.make(`localhost/ociman/tagged:${yield* uniqueName}`)
      assert.isFalse(yield* Image.exists(target))
      yield* tagged(image, String(target))
      assert.isTrue(yield* Image.exists(target))
      const [original, copy] = yield* Effect.all([Image.inspect(image), Image.inspect(target)])
      assert.strictEqual(copy.id, original.id)
      assert.include(copy.tags, String(target))
      assert.include(copy.tags, String(image))
      yield* Image.remove(target)
      assert.isFalse(yield* Image.exists(target))
      assert.isTrue(yield* Image.exists(image))
    }),
    ["tag"]
  )

  test(
    "an image is inspected, tagged and found by its id",
    Effect.gen(function*() {
      const { id } = yield* Image.inspect(image)
      assert.match(id, /^sha256:[0-9a-f]{64}$/)
      assert.strictEqual((yield* Image.inspect(id)).id, id)
      assert.isTrue(yield* Image.exists(id))
      const target = Reference.make(`localhost/ociman/by-id:${yield* uniqueName}`)
      yield* Image.tag(id, target)
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(target)))
      assert.strictEqual((yield* Image.inspect(target)).id, id)
      const container = yield* Container.start(idle)
      assert.strictEqual((yield* container.inspect).imageId, id)
      const missing = Schema.decodeSync(ImageId.FromString)("f".repeat(64))
      const error = yield* failsWith(Image.inspect(missing), "ImageNotFound")
      assert.strictEqual(error.image, missing)
    }),
    ["tag"]
  )

  test(
    "references lists the sorted names of one repository only",
    Effect.gen(function*() {
      const name = yield* uniqueName
      for (const suffix of ["a:2", "a:1", "b:1", "a/c:1"]) yield* tagged(image, `localhost/${name}/${suffix}`)
      yield* tagged(image, `127.0.0.1:5999/${name}/a:3`)
      const of = (text: string) =>
        Effect.map(Image.references(Reference.make(text)), (references) => references.map(String))
      assert.deepStrictEqual(yield* of(`localhost/${name}/a`), [`localhost/${name}/a:1`, `localhost/${name}/a:2`])
      assert.deepStrictEqual(yield* of(`localhost/${name}/a:7`), [`localhost/${name}/a:1`, `localhost/${name}/a:2`])
      assert.deepStrictEqual(yield* of(`127.0.0.1:5999/${name}/a`), [`127.0.0.1:5999/${name}/a:3`])
      assert.deepStrictEqual(yield* of(`localhost/${name}/nothing`), [])
    }),
    ["tag"]
  )

  test(
    "concurrent tag and remove calls lose no name",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const all = Array.from({ length: 8 }, (_, index) => `localhost/${name}:${index}`)
      yield* Effect.forEach(all, (text) => tagged(image, text), { concurrency: "unbounded" })
      const of = Effect.map(Image.references(Reference.make(`localhost/${name}`)), (found) => found.map(String))
      assert.deepStrictEqual(yield* of, all)
      yield* Effect.forEach(all.slice(0, 4), (text) => Image.remove(Reference.make(text)), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* of, all.slice(4))
    }),
    ["tag"]
  )

  test(
    "tag refuses a missing image and a name with a digest",
    Effect.gen(function*() {
      const target = Reference.make(`localhost/ociman/tagged:${yield* uniqueName}`)
      const error = yield* failsWith(
        Image.tag(Reference.make("localhost/ociman/no-such-image:1"), target),
        "ImageNotFound"
      )
      assert.strictEqual(error.image, "localhost/ociman/no-such-image:1")
      const digested = Reference.make(`localhost/ociman/tagged@sha256:${"0".repeat(64)}`)
      const refusal = yield* failsWith(Image.tag(image, digested), "EngineFailed")
      assert.strictEqual(refusal.reason, "InvalidDefinition")
    }),
    ["tag"]
  )

  test(
    "a reference with a tag and a digest is found by its digest only",
    Effect.gen(function*() {
      const both = Reference.make(`${Reference.format(image)}@sha256:${"0".repeat(64)}`)
      yield* failsWith(Image.inspect(both), "ImageNotFound")
      yield* failsWith(Container.start(Definition.pullPolicy(Definition.make(both), "never")), "ImageNotFound")
    })
  )
}

const namesOnDockerHub = (suite: Suite): void => {
  const { image, test, uniqueName } = suite

  test(
    "an image is found by every form of its name on Docker Hub",
    Effect.gen(function*() {
      const hub = yield* uniqueName
      yield* tagged(image, `docker.io/library/${hub}:latest`)
      const forms = [
        hub,
        `${hub}:latest`,
        `docker.io/${hub}`,
        `docker.io/library/${hub}`,
        `index.docker.io/library/${hub}`
      ]
      for (const form of forms) assert.isTrue(yield* Image.exists(Reference.make(form)), form)
      for (const other of [`${hub}:2`, `localhost/${hub}`, `docker.io/other/${hub}`, `quay.io/library/${hub}`]) {
        assert.isFalse(yield* Image.exists(Reference.make(other)), other)
      }
      assert.include((yield* Image.inspect(image)).tags, `${hub}:latest`)
      const digested = Reference.make(`${hub}@sha256:${"0".repeat(64)}`)
      assert.isFalse(yield* Image.exists(digested))
    }),
    ["tag"]
  )

  test(
    "a short name means a repository on Docker Hub, also in tag",
    Effect.gen(function*() {
      const hub = yield* uniqueName
      yield* tagged(image, hub)
      assert.isTrue(yield* Image.exists(Reference.make(`docker.io/library/${hub}:latest`)))
      assert.isFalse(yield* Image.exists(Reference.make(`localhost/${hub}`)))
      assert.deepStrictEqual((yield* Image.references(Reference.make(hub))).map(String), [
        `docker.io/library/${hub}:latest`
      ])
      yield* Container.start(suite.of(Reference.make(hub)).idle)
    }),
    ["tag"]
  )

  test(
    "a name under localhost is not a name on Docker Hub",
    Effect.gen(function*() {
      const name = yield* uniqueName
      yield* tagged(image, `localhost/${name}:1`)
      assert.isTrue(yield* Image.exists(Reference.make(`localhost/${name}:1`)))
      assert.isFalse(yield* Image.exists(Reference.make(`localhost/${name}`)))
      assert.isFalse(yield* Image.exists(Reference.make(`docker.io/library/${name}:1`)))
    }),
    ["tag"]
  )
}

/** @internal */
export const themes = [
  { name: "image names", tests: imageNames },
  { name: "names on Docker Hub", tests: namesOnDockerHub }
] as const
