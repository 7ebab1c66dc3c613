import { assert } from "@effect/vitest"
import { Backend, Container, Definition, Exec, Image, Label } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import * as Effect from "effect/Effect"
import { uniqueImage } from "./images.js"
import * as raw from "./raw.js"
import { failsWith, sh, type Suite } from "./support.js"

/** @internal */
export const name = "snapshots and builds"

/** @internal */
export const tests = (suite: Suite): void => {
  const { idle, image, test } = suite
  const snapshot = uniqueImage(suite)

  for (const pause of [undefined, true, false]) {
    if (pause === true && !suite.options.pause) continue
    test(
      `a file that was made in the container is in the image, paused: ${pause ?? "by default"}`,
      Effect.gen(function*() {
        const target = yield* snapshot
        const container = yield* Container.start(idle)
        yield* container.exec(sh("echo made inside >/made"))
        yield* container.commit(target, { pause })
        const { stdout } = yield* Container.run(Definition.command(suite.of(target).idle, "cat", "/made"))
        assert.strictEqual(stdout, "made inside\n")
        assert.strictEqual((yield* container.exec(Exec.make("echo", "goes on"))).stdout, "goes on\n")
      })
    )
  }

  test(
    "a commit has an author, a message and changes",
    Effect.gen(function*() {
      const target = yield* snapshot
      const container = yield* Container.start(idle)
      yield* container.commit(target, {
        author: "A. Uthor <a@example.com>",
        message: "A message with \"quotes\"",
        changes: ["ENV CHANGED=yes", "WORKDIR /tmp", "LABEL com.example.changed=1"]
      })
      const info = yield* Image.inspect(target)
      const { Author, Comment } = raw.image(info)
      assert.strictEqual(Author, "A. Uthor <a@example.com>")
      assert.strictEqual(Comment, "A message with \"quotes\"")
      assert.strictEqual(info.labels["com.example.changed"], "1")
      const { stdout } = yield* Container.run(
        Definition.command(suite.of(target).idle, "sh", "-c", "echo $CHANGED; pwd")
      )
      assert.strictEqual(stdout, "yes\n/tmp\n")
    })
  )

  test(
    "a stopped container can be committed",
    Effect.gen(function*() {
      const target = yield* snapshot
      const container = yield* Container.start(suite.script("echo done >/done"))
      yield* container.wait
      yield* container.commit(target)
      const { stdout } = yield* Container.run(Definition.command(suite.of(target).idle, "cat", "/done"))
      assert.strictEqual(stdout, "done\n")
    })
  )

  const build = (target: Reference.Reference, instructions: string, args: Readonly<Record<string, string>> = {}) =>
    Effect.flatMap(Backend.Backend, (backend) =>
      backend.buildImage({
        image: target,
        source: { _tag: "Instructions", text: `FROM ${Reference.format(image)}\n${instructions}\n` },
        arguments: args,
        labels: Label.empty
      }))

  test(
    "build arguments reach the steps of a build",
    Effect.gen(function*() {
      const target = yield* snapshot
      const value = "1.0 = \"one\" $HOME"
      yield* build(target, "ARG VERSION\nRUN printf %s \"$VERSION\" >/version", { VERSION: value })
      const { stdout } = yield* Container.run(Definition.command(suite.of(target).idle, "cat", "/version"))
      assert.strictEqual(stdout, value)
    })
  )

  test(
    "an image has the labels of the one it is built from",
    Effect.gen(function*() {
      const target = yield* snapshot
      yield* build(target, "LABEL com.example.step=\"of the build\"")
      const { labels } = yield* Image.inspect(target)
      assert.deepInclude(labels, { "com.example.step": "of the build", [suite.label.key]: suite.label.value })
    })
  )

  test(
    "a failed build says at which step, and what was printed",
    Effect.gen(function*() {
      const target = yield* snapshot
      const error = yield* failsWith(
        build(target, "RUN echo something is wrong && exit 7"),
        "BuildFailed"
      )
      assert.include(error.step, "something is wrong")
      assert.include(error.output, "something is wrong")
      assert.strictEqual(error.image, Reference.format(target))
      assert.isFalse(yield* Image.exists(target))
    })
  )

  test(
    "a build that is nonsense fails too",
    Effect.gen(function*() {
      const error = yield* failsWith(build(yield* snapshot, "NONSENSE x"), "BuildFailed")
      assert.match(error.output, /NONSENSE/i)
    })
  )
}
