import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Image from "@ociman/containers/Image"
import * as Reference from "@ociman/oci/Reference"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

const emptyTar = Stream.make(new Uint8Array(1024))

const names = (references: ReadonlyArray<Reference.Reference>) => references.map(String).sort()

const helpers = (suite: Suite) => {
  const snapshot = uniqueImage(suite)

  const commit = (definition: Definition.Definition) =>
    Effect.gen(function*() {
      const target = yield* snapshot
      const { commit } = yield* Container.start(definition)
      return { target, id: yield* commit(target) }
    })

  return { snapshot, commit }
}

const savingAndLoadingImages = (suite: Suite): void => {
  const { idle, image, test } = suite
  const { commit } = helpers(suite)

  test(
    "save and load keep several images and their names in one archive",
    Effect.gen(function*() {
      const first = yield* commit(Definition.label(idle, "com.example.archive", "first"))
      const second = yield* commit(Definition.label(idle, "com.example.archive", "second"))
      const archive = yield* Stream.runCollect(Image.save(first.target, second.target))
      yield* Image.remove(first.target)
      yield* Image.remove(second.target)
      assert.isFalse(yield* Image.exists(first.target))
      const loaded = yield* Image.load(Stream.fromChunk(archive))
      assert.deepStrictEqual(names(loaded.references), names([first.target, second.target]))
      assert.deepStrictEqual(loaded.ids, [])
      assert.strictEqual((yield* Image.labels(first.target))["com.example.archive"], "first")
      assert.strictEqual((yield* Image.labels(second.target))["com.example.archive"], "second")
    }),
    ["archives", "commit"]
  )

  test(
    "load returns the id of an image without a name",
    Effect.gen(function*() {
      const { target } = yield* commit(Definition.label(idle, "com.example.archive", "nameless"))
      const { id } = yield* Image.inspect(target)
      const archive = yield* Stream.runCollect(Image.save(id))
      yield* Image.remove(target)
      const loaded = yield* Image.load(Stream.fromChunk(archive))
      assert.deepStrictEqual(loaded.references, [])
      const [only, ...others] = loaded.ids
      assert.deepStrictEqual(others, [])
      if (only === undefined) return assert.fail("no id")
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(only)))
      assert.strictEqual((yield* Image.labels(only))["com.example.archive"], "nameless")
    }),
    ["archives", "commit"]
  )

  test(
    "saveToFile writes an archive that load reads from the file",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const { target } = yield* commit(Definition.label(idle, "com.example.archive", "file"))
      yield* Image.saveToFile(`${directory}/image.tar`, target)
      yield* Image.remove(target)
      const { references } = yield* Image.load(`${directory}/image.tar`)
      assert.deepStrictEqual(names(references), names([target]))
      assert.isTrue(yield* Image.exists(target))
      const missing = yield* failsWith(Image.load(`${directory}/none.tar`), "SystemError")
      assert.strictEqual(missing.reason, "NotFound")
    }),
    ["archives", "commit"]
  )

  test(
    "saving a missing image fails with ImageNotFound and leaves no file",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const missing = Reference.make("localhost/ociman/no-such-image:1")
      const error = yield* failsWith(Stream.runDrain(Image.save(image, missing)), "ImageNotFound")
      assert.strictEqual(error.image, "localhost/ociman/no-such-image:1")
      yield* failsWith(Image.saveToFile(`${directory}/image.tar`, image, missing), "ImageNotFound")
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }),
    ["archives"]
  )
}

const refusingArchives = (suite: Suite): void => {
  const { idle, test } = suite
  const { commit } = helpers(suite)

  test(
    "load refuses content that is not an image archive",
    Effect.gen(function*() {
      for (const text of ["this is no archive", ""]) {
        const error = yield* failsWith(Image.load(Stream.encodeText(Stream.make(text))), "EngineFailed")
        assert.strictEqual(error.reason, "Refused")
        assert.notStrictEqual(error.detail.trim(), "")
      }
    }),
    ["archives"]
  )

  test(
    "load refuses a truncated archive and reports a failed source as InputFailed",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { target } = yield* commit(idle)
      const archive = Chunk.toReadonlyArray(yield* Stream.runCollect(Image.save(target)))
      const length = archive.reduce((sum, { byteLength }) => sum + byteLength, 0)
      const first = Stream.fromIterable(archive).pipe(
        Stream.mapAccum(length / 2, (left, bytes) => [left - bytes.byteLength, bytes.slice(0, Math.max(left, 0))])
      )
      const half = yield* failsWith(Image.load(first), "EngineFailed")
      assert.strictEqual(half.reason, "Refused")
      const failing = Stream.concat(first, fs.stream("/nowhere/at/all.tar"))
      const failed = yield* failsWith(Image.load(failing), "EngineFailed")
      assert.strictEqual(failed.reason, "InputFailed")
      assert.instanceOf(failed.cause, SystemError)
      assert.include(failed.message, "/nowhere/at/all.tar")
      const lost = { _tag: "Lost", page: 3 }
      for (
        const reading of [
          Effect.asVoid(Image.load(Stream.concat(first, Stream.fail(lost)))),
          Effect.asVoid(Image.import(Stream.concat(first, Stream.fail(lost)), target))
        ]
      ) {
        const { cause, reason } = yield* failsWith(reading, "EngineFailed")
        assert.deepStrictEqual([reason, cause], ["InputFailed", lost])
      }
    }),
    ["archives", "commit"]
  )
}

const importingImages = (suite: Suite): void => {
  const { idle, test } = suite
  const { snapshot } = helpers(suite)

  test(
    "import makes an image with the given changes and message",
    Effect.gen(function*() {
      const target = yield* snapshot
      const id = yield* Image.import(emptyTar, target, {
        changes: [`LABEL ${suite.label.key}=${suite.label.value}`, "LABEL com.example.imported=yes"],
        message: "from an archive"
      })
      assert.strictEqual((yield* Image.inspect(target)).id, id)
      assert.strictEqual((yield* Image.labels(target))["com.example.imported"], "yes")
      const steps = yield* Image.history(target)
      assert.deepStrictEqual(steps.map(({ comment }) => comment), ["from an archive"])
    }),
    ["archives"]
  )

  if (suite.options.processes) {
    test(
      "an imported image contains the files of its archive",
      Effect.gen(function*() {
        const target = yield* snapshot
        const container = yield* Container.start(idle)
        const tar = Exec.make("sh", "-c", "mkdir /tmp/app && cp /bin/busybox /tmp/app/sh && tar cf - -C /tmp/app .")
        yield* Image.import(
          container.execStream(tar).pipe(
            Stream.filterMap((output) => output.source === "stdout" ? Option.some(output.bytes) : Option.none()),
            Stream.orDie
          ),
          target,
          { changes: [`LABEL ${suite.label.key}=${suite.label.value}`] }
        )
        const { stdout } = yield* Container.run(
          Definition.make(target).pipe(
            Definition.pullPolicy("never"),
            Definition.command("/sh", "-c", "echo $((6 * 7))")
          )
        )
        assert.strictEqual(stdout, "42\n")
      })
    )
  }
}

const imageHistory = (suite: Suite): void => {
  const { idle, image, test } = suite
  const { commit } = helpers(suite)

  test(
    "history lists the steps of an image and fails for a missing image",
    Effect.gen(function*() {
      const { target } = yield* commit(idle)
      const [original, steps] = yield* Effect.all([Image.history(image), Image.history(target)])
      assert.isAbove(original.length, 0)
      assert.isTrue(steps.every(({ size }) => Number.isSafeInteger(size) && size >= 0))
      assert.isTrue(steps.every(({ created }) => created._tag === "Some"))
      yield* failsWith(Image.history(Reference.make("localhost/ociman/no-such-image:1")), "ImageNotFound")
    }),
    ["commit"]
  )
}

/** @internal */
export const themes = [
  { name: "saving and loading images", tests: savingAndLoadingImages },
  { name: "refusing archives", tests: refusingArchives },
  { name: "importing images", tests: importingImages },
  { name: "image history", tests: imageHistory }
] as const
