import { assert, describe, it } from "@effect/vitest"
import { Device } from "@ociman/containers"
import { Equal, FastCheck, Schema } from "effect"
import { refusal } from "./support/parsing.js"

const parse = Schema.decodeSync(Device.FromString)

const path = FastCheck.stringMatching(/^\/dev\/[a-z0-9 ,/]{0,10}[a-z]$/)

describe("Device", () => {
  it.each([
    [Device.make("/dev/fuse"), "/dev/fuse"],
    [Device.make("/dev/sda", { container: "/dev/xvda" }), "/dev/sda:/dev/xvda"],
    [Device.make("/dev/sda", { container: "/dev/xvda", permissions: "r" }), "/dev/sda:/dev/xvda:r"],
    [Device.make("/dev/sda", { container: "/dev/sda", permissions: "mrw" }), "/dev/sda:/dev/sda:mrw"]
  ])("formats %j as %s", (device, text) => {
    assert.strictEqual(Device.format(device), text)
    assert.isTrue(Equal.equals(parse(text), device))
  })

  it("parses permissions without a path in the container", () => {
    const device = Device.make("/dev/sda", { permissions: "rw" })
    assert.isTrue(Equal.equals(parse("/dev/sda:rw"), device))
    assert.strictEqual(Device.format(device), "/dev/sda:/dev/sda:rw")
  })

  it.each([
    ["", "Invalid device \"\": invalid device path \"\": it is empty"],
    ["fuse", "Invalid device \"fuse\": invalid device path \"fuse\": it does not begin with \"/\""],
    ["/dev/a:b", "Invalid device \"/dev/a:b\": invalid device path \"b\": it does not begin with \"/\""],
    ["/dev/a:rr", "Invalid device \"/dev/a:rr\": invalid device path \"rr\": it does not begin with \"/\""],
    ["/dev/a:/dev/b:x", "invalid device permissions \"x\": they are of \"r\", \"w\" and \"m\", each at most once"],
    ["/dev/a:/dev/b:r:w", "Invalid device \"/dev/a:/dev/b:r:w\": it has more than three parts"]
  ])("rejects %j", (text, message) => {
    assert.include(refusal(Device.FromString, text), message)
  })

  it("throws for invalid literals", () => {
    assert.throws(() => Device.make("/dev/a:b"), "\":\" at position 6 is not allowed")
    assert.throws(() => Device.make("/dev/a", { permissions: "" }), "Invalid device permissions \"\"")
  })

  it.prop("parses its own format", [path, path, FastCheck.constantFrom(undefined, "r", "rw", "rwm")], ([
    host,
    container,
    permissions
  ]) => {
    const device = Device.make(host, { container, permissions })
    assert.isTrue(Equal.equals(parse(Device.format(device)), device))
  })
})
