import { assert, describe, it } from "@effect/vitest"
import { BackendError } from "@ociman/containers"
import { CommandFailed } from "@ociman/process"
import { Duration } from "effect"

const client = (stderr: string) =>
  new CommandFailed.CommandFailed({
    reason: "ExitCode",
    executable: "docker",
    command: "docker commit",
    exitCode: 1,
    stdout: "",
    stderr,
    duration: Duration.zero
  })

const engineFailed = (reason: BackendError.EngineFailed["reason"], detail: string, cause?: unknown) =>
  new BackendError.EngineFailed({
    engine: "docker",
    operation: "Container.commit",
    reason,
    detail,
    ...(cause === undefined ? {} : { cause })
  }).message

describe("The message of EngineFailed", () => {
  it("quotes the engine that refused", () => {
    assert.include(engineFailed("Refused", "out of space", client("out of space")), "The engine says:\nout of space")
    assert.include(engineFailed("Conflict", "in use"), "The engine says:\nin use")
  })

  it("quotes nothing if the engine gave no message", () => {
    assert.include(engineFailed("Refused", "Command failed", client(" \n")), "Details:\nCommand failed")
    assert.include(engineFailed("Refused", "no private file", new Error("read-only")), "Details:\nno private file")
  })

  it.each(["TimedOut", "UnexpectedAnswer", "InvalidDefinition", "InputFailed", "Unsupported"] as const)(
    "shows the detail of the library if the reason is %s",
    (reason) => {
      assert.include(engineFailed(reason, "no answer within 2m"), "Details:\nno answer within 2m")
      assert.notInclude(engineFailed(reason, "no answer within 2m", client("x")), "The engine says")
    }
  )
})

describe("The message of PortTaken", () => {
  const id = "0123456789ab".padEnd(64, "c")

  it("names the container, its image and the holder of the port", () => {
    const error = new BackendError.PortTaken({
      container: id,
      containerName: "web",
      image: "nginx:1.27",
      holder: "other",
      detail: "Bind for 127.0.0.1:80 failed"
    })
    assert.include(error.message, "Container \"web\" (image \"nginx:1.27\", id 0123456789ab) cannot start")
    assert.include(error.message, "is taken by container \"other\".")
  })

  it("contains the full id if nothing else is known", () => {
    const error = new BackendError.PortTaken({ container: id, detail: "" })
    assert.strictEqual(
      error.message,
      `Container "${id}" cannot start: a host port that it publishes is taken.`
    )
  })
})
