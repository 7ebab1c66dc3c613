import { assert, describe, it } from "@effect/vitest"
import { RestartPolicy } from "@ociman/containers"
import { Equal } from "effect"
import { refusal } from "./support/parsing.js"

describe("RestartPolicy", () => {
  it.each([
    [RestartPolicy.no, "no"],
    [RestartPolicy.always, "always"],
    [RestartPolicy.unlessStopped, "unless-stopped"],
    [RestartPolicy.onFailure(), "on-failure"],
    [RestartPolicy.onFailure(3), "on-failure:3"]
  ])("formats %j as %s", (policy, text) => {
    assert.strictEqual(RestartPolicy.format(policy), text)
    assert.isTrue(Equal.equals(RestartPolicy.make(text), policy))
  })

  it("has no limit if the number of retries is 0", () => {
    assert.isTrue(Equal.equals(RestartPolicy.make("on-failure:0"), RestartPolicy.onFailure()))
  })

  it.each(["", "never", "Always", "always:3", "on-failure:", "on-failure:-1", "on-failure:x", "on-failure:1 "])(
    "rejects %j",
    (text) => {
      assert.strictEqual(
        refusal(RestartPolicy.FromString, text),
        `Invalid restart policy ${JSON.stringify(text)}: it is not no, always, unless-stopped, on-failure or ` +
          "on-failure:<retries>"
      )
      assert.throws(() => RestartPolicy.make(text), "Invalid restart policy")
    }
  )

  it("throws for invalid literals", () => {
    assert.throws(() => RestartPolicy.onFailure(0), "Invalid number of retries 0: it is not an integer of 1 or more")
    assert.throws(
      () => new RestartPolicy.RestartPolicy({ name: "always", maximumRetries: 1 }),
      "Invalid restart policy always: only on-failure has a number of retries"
    )
  })
})
