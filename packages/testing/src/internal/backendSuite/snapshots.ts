import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Image from "@ociman/containers/Image"
import * as Effect from "effect/Effect"
import { uniqueImage } from "./images.js"
import * as raw from "./raw.js"
import { sh, type Suite } from "./support.js"

const committingContainers = (suite: Suite): void => {
  const { idle, test } = suite
  const snapshot = uniqueImage(suite)

  for (const pause of [undefined, true, false]) {
    if (pause === true && !suite.options.pause) continue
    test(
      `a committed image contains new files of the container (pause: ${pause ?? "default"})`,
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
    "commit sets the author, message and changes of the image",
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
}

/** @internal */
export const themes = [
  { name: "committing containers", tests: committingContainers }
] as const
