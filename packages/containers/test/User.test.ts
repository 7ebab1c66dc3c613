import { assert, describe, it } from "@effect/vitest"
import { User } from "@ociman/containers"
import { Equal, FastCheck, Schema } from "effect"
import { refusal } from "./support/parsing.js"

const part = FastCheck.oneof(
  FastCheck.integer({ min: 0, max: 0x7FFFFFFF }),
  FastCheck.stringMatching(/^[a-z_][a-z0-9_.-]{0,20}$/)
)

describe("User", () => {
  it.each([
    ["postgres", { user: "postgres" }, "postgres"],
    ["1000", { user: 1000 }, "1000"],
    ["1000:1000", { user: 1000, group: 1000 }, "1000:1000"],
    ["0100:wheel", { user: 100, group: "wheel" }, "100:wheel"],
    ["jürgen:0", { user: "jürgen", group: 0 }, "jürgen:0"]
  ])("parses %s", (text, fields, printed) => {
    const user = User.make(text)
    assert.deepInclude(user, fields)
    assert.strictEqual(User.format(user), printed)
  })

  it.each([
    ["", "Invalid user \"\": invalid user or group name \"\": it is empty"],
    ["1000:", "Invalid user \"1000:\": invalid user or group name \"\": it is empty"],
    [":1000", "Invalid user \":1000\": invalid user or group name \"\": it is empty"],
    ["1:2:3", "Invalid user \"1:2:3\": \":\" separates a user and a group, and there is more than one"],
    ["a b", "Invalid user \"a b\": invalid user or group name \"a b\": \" \" at position 1 is not allowed"],
    ["2147483648", "Invalid user \"2147483648\": invalid user or group id 2147483648: it is not an integer from 0 to"]
  ])("rejects %j", (text, message) => {
    assert.include(refusal(User.FromString, text), message)
    assert.throws(() => User.make(text), message)
  })

  it("is created from ids and compares by value", () => {
    assert.isTrue(Equal.equals(User.ids(1, 2), User.make("1:2")))
    assert.isTrue(Equal.equals(User.ids(1), User.make("1")))
    assert.throws(() => User.ids(-1), "Invalid user or group id -1")
    assert.throws(() => new User.User({ user: "1000" }), "it has only digits, and would be an id")
  })

  it.prop("parses its own format", [part, FastCheck.option(part)], ([user, group]) => {
    const value = new User.User(group === null ? { user } : { user, group })
    assert.isTrue(Equal.equals(User.make(User.format(value)), value))
    assert.strictEqual(Schema.encodeSync(User.FromString)(value), User.format(value))
  })
})
