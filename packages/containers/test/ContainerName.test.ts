import { assert, describe, it } from "@effect/vitest"
import { ContainerName } from "@ociman/containers"
import { Either, FastCheck, Schema } from "effect"
import { refusal } from "./support/parsing.js"

describe("ContainerName", () => {
  it.each(["ab", "0-", "a_b.c-d", "A".repeat(256)])("accepts %s", (name) => {
    assert.strictEqual(ContainerName.make(name), name)
  })

  it.each([
    ["", "it is empty"],
    ["a", "its length is 1, not 2 to 256"],
    ["a".repeat(257), "its length is 257, not 2 to 256"],
    ["-ab", "\"-\" at position 0 is not allowed"],
    ["/ab", "\"/\" at position 0 is not allowed"],
    ["ab/c", "\"/\" at position 2 is not allowed"],
    ["äb", "\"ä\" at position 0 is not allowed"],
    ["ab\n", "\"\\n\" at position 2 is not allowed"],
    ["a😀", "\"😀\" at position 1 is not allowed"]
  ])("rejects %j", (name, reason) => {
    const message = refusal(ContainerName.ContainerName, name)
    assert.include(message, reason)
    assert.match(message, /^Invalid container name "[^\n]*$/)
    assert.throws(() => ContainerName.make(name), reason)
  })

  it("truncates a long text in its error message", () => {
    assert.isBelow(refusal(ContainerName.ContainerName, "/".repeat(1_000_000)).length, 400)
  })

  it.prop("accepts the same names as the engines", [FastCheck.string({ maxLength: 5 })], ([name]) => {
    assert.strictEqual(
      Either.isRight(Schema.decodeEither(ContainerName.ContainerName)(name)),
      /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)
    )
  })
})
