import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Container, Definition, EngineBackend, Exec, Image } from "@ociman/containers"
import { Effect, Layer } from "effect"
import { busyboxImage } from "../support/busybox.js"

const variable = "PODMAN_IGNORE_CGROUPSV1_WARNING"

/** Removes the variable from the environment of this process while the scope is open. */
const withoutVariable = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env[variable]
    delete process.env[variable]
    return before
  }),
  (before) =>
    Effect.sync(() => {
      if (before !== undefined) process.env[variable] = before
    })
)

describe("Podman's warning about cgroups v1", () => {
  it.scopedLive("appears in no result and no error", () =>
    Effect.gen(function*() {
      yield* withoutVariable
      const definition = yield* busyboxImage
      const ran = yield* Container.run(Definition.command(definition, "echo said >&2"))
      deepStrictEqual([ran.stdout, ran.stderr], ["", "said\n"])
      const container = yield* Container.start(Definition.command(definition, "exec /bin/busybox sleep 1000"))
      const executed = yield* container.exec(Exec.make("/bin/busybox", "sh", "-c", "echo said >&2"))
      deepStrictEqual([executed.stdout, executed.stderr], ["", "said\n"])
      const error = yield* Effect.flip(Image.remove((yield* container.inspect).imageId))
      assert.notMatch(error.message, /level=warning|cgroups-v1/)
    }).pipe(Effect.provide(Layer.provideMerge(EngineBackend.layerPodman, NodeContext.layer))))
})
