import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { BackendError, Environment } from "@ociman/containers"
import { Redacted } from "effect"
import * as RedactedErrors from "../../src/internal/model/redactedErrors.js"

const { ofExec, ofRun } = RedactedErrors.make(
  Environment.set(Environment.set(Environment.empty, "PLAIN", "app"), "TOKEN", Redacted.make("s3cret"))
)

const fields = (error: object): Readonly<Record<string, unknown>> => ({ ...error })

describe("redaction of errors", () => {
  it("replaces the secret in StartFailed and keeps all other fields", () => {
    const error = new BackendError.StartFailed({
      container: "4f5e",
      containerName: "app",
      image: "busybox",
      reason: "Refused",
      detail: "no s3cret here"
    })
    deepStrictEqual(fields(ofRun(error)), { ...fields(error), detail: "no <redacted> here" })
  })

  it("replaces the secret in RunFailed and keeps all other fields", () => {
    const error = new BackendError.RunFailed({
      image: "busybox",
      exitCode: 137,
      outOfMemory: true,
      stdout: "s3cret",
      stderr: "app: s3cret"
    })
    deepStrictEqual(fields(ofRun(error)), { ...fields(error), stdout: "<redacted>", stderr: "app: <redacted>" })
  })

  it("replaces the secret in ExecFailed and keeps all other fields", () => {
    const error = new BackendError.ExecFailed({
      container: "app",
      command: "echo s3cret",
      reason: "ExitCode",
      exitCode: 3,
      stdout: "s3cret",
      stderr: "",
      detail: "s3cret"
    })
    deepStrictEqual(fields(ofExec(error)), {
      ...fields(error),
      command: "echo <redacted>",
      stdout: "<redacted>",
      detail: "<redacted>"
    })
  })

  it("replaces the secret in EngineFailed and keeps the cause", () => {
    const cause = new Error("of the process")
    const error = new BackendError.EngineFailed({
      engine: "docker",
      operation: "Container.run",
      reason: "Refused",
      detail: "s3cret",
      cause
    })
    const after = ofRun(error)
    deepStrictEqual(fields(after), { ...fields(error), detail: "<redacted>" })
    strictEqual("cause" in after ? after.cause : undefined, cause)
  })
})
