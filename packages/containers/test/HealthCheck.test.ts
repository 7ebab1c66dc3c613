import { assert, describe, it } from "@effect/vitest"
import { HealthCheck } from "@ociman/containers"
import { Duration, Equal, Schema } from "effect"
import { healthCheckArguments } from "../src/internal/cli/flags/healthCheck.js"

describe("HealthCheck", () => {
  it("formats only the options that are set", () => {
    assert.deepStrictEqual(healthCheckArguments(HealthCheck.make("[ -f /ready ]")), ["--health-cmd", "[ -f /ready ]"])
    assert.deepStrictEqual(healthCheckArguments(HealthCheck.disabled), ["--no-healthcheck"])
  })

  it("formats durations in Go's syntax", () => {
    const check = HealthCheck.make("curl -f localhost || exit 1", {
      interval: "500 millis",
      timeout: Duration.seconds(3),
      startPeriod: "2 minutes",
      startInterval: 1,
      retries: 5
    })
    assert.deepStrictEqual(healthCheckArguments(check), [
      "--health-cmd",
      "curl -f localhost || exit 1",
      "--health-interval",
      "500ms",
      "--health-timeout",
      "3s",
      "--health-start-period",
      "120s",
      "--health-start-interval",
      "1ms",
      "--health-retries",
      "5"
    ])
  })

  it.each(["", "true\0", "NONE", "none of it", "CMD curl", "cmd-shell true", "[]", " [\"curl\", \"-f\"]"])(
    "rejects the command %j",
    (command) => {
      assert.throws(() => HealthCheck.make(command), `Invalid health command ${JSON.stringify(command)}`)
    }
  )

  it.each(["CMDS", "[ \"$A\" = \"b\" ]", "{\"a\":1}", "[1]", "\"CMD\""])("accepts the command %s", (command) => {
    assert.strictEqual(HealthCheck.make(command).command, command)
  })

  it("rejects invalid durations and retries", () => {
    assert.throws(() => HealthCheck.make("true", { interval: 0 }), "Invalid duration 0")
    assert.throws(() => HealthCheck.make("true", { timeout: Duration.infinity }), "Invalid duration")
    assert.throws(() => HealthCheck.make("true", { retries: 0 }), "Invalid number of retries 0")
  })

  it("compares by value", () => {
    const check = HealthCheck.make("true", { interval: "1 second", retries: undefined })
    assert.isTrue(Equal.equals(check, HealthCheck.make("true", { interval: 1000 })))
    assert.isTrue(Schema.is(HealthCheck.HealthCheck)(check))
    assert.isTrue(Schema.is(HealthCheck.HealthCheck)(HealthCheck.disabled))
  })
})
