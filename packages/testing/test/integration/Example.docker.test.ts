import { assert, layer } from "@effect/vitest"
import { Container, Definition, Exec, Label } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Leftovers, TestImage } from "@ociman/testing"
import { Effect, Layer } from "effect"

const mine = Label.equals("com.example.test", "greeting")

const services = TestImage.layer({ labels: { [mine.key]: mine.value } }).pipe(
  Layer.provideMerge(Leftovers.layer({ labels: [mine], namePrefix: "greeting-" })),
  Layer.provideMerge(NodeOciman.layer)
)

const greeting = Effect.map(TestImage.TestImage, ({ reference }) =>
  Definition.make(reference).pipe(
    Definition.env("GREETING", "hello"),
    Definition.command("sh", "-c", "echo $GREETING; trap 'exit 0' TERM; sleep 1000 & wait")
  ))

layer(services, { excludeTestServices: true, timeout: "1 minute" })("a greeting container", (it) => {
  it.scoped("keeps a written file", () =>
    Effect.gen(function*() {
      const container = yield* Effect.flatMap(greeting, Container.start)
      yield* container.exec(Exec.make("tee", "/tmp/note").pipe(Exec.stdin("a note\n")))
      const { stdout } = yield* container.exec(Exec.make("cat", "/tmp/note"))
      assert.strictEqual(stdout, "a note\n")
    }))

  it.effect("leaves no container behind", () =>
    Effect.gen(function*() {
      const { id } = yield* Effect.scoped(Effect.flatMap(greeting, Container.start))
      yield* Effect.flip(Container.attach(id))
      assert.deepStrictEqual(yield* Container.list(mine), [])
    }))
})
