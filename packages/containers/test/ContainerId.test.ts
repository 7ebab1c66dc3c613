import { assert, describe, it } from "@effect/vitest"
import { ContainerId } from "@ociman/containers"
import { refusal } from "./support/parsing.js"

const id = "0123456789abcdef".repeat(4)

describe("ContainerId", () => {
  it("accepts 64 hexadecimal digits", () => {
    assert.strictEqual(ContainerId.make(id), id)
    assert.strictEqual(ContainerId.short(ContainerId.make(id)), "0123456789ab")
  })

  it.each(["", "0123456789ab", id.toUpperCase(), `${id}0`, `${id}\n`, `g${id.slice(1)}`])("rejects %j", (text) => {
    const message = `Invalid container id ${JSON.stringify(text)}: it is not 64 hexadecimal digits in lower case`
    assert.strictEqual(refusal(ContainerId.ContainerId, text), message)
    assert.throws(() => ContainerId.make(text), message)
  })
})
