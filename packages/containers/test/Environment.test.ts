import { assert, describe, it } from "@effect/vitest"
import { Environment } from "@ociman/containers"
import { Either, Equal, FastCheck, Inspectable, Record, Redacted, Schema, SortedMap } from "effect"
import { messageOf, refusal } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

const name = FastCheck.string({ minLength: 1 }).map((text) => text.replaceAll(/[=\0]/g, "_"))

const value = FastCheck.string().map((text) => text.replaceAll("\0", ""))

const parsed = (text: string, lookup?: (name: string) => string | undefined) =>
  Either.map(Environment.parseFile(text, { lookup }), Environment.toRecord)

describe("Environment", () => {
  it("keeps the last variable of each name, sorted by name", () => {
    const environment = Environment.empty.pipe(
      Environment.set("B", "1"),
      Environment.set("A", Redacted.make("2")),
      Environment.set("B", "3")
    )
    assert.deepStrictEqual<ReadonlyArray<string>>(Environment.names(environment), ["A", "B"])
    assert.deepStrictEqual(Environment.toRecord(environment), { A: "2", B: "3" })
    assert.isTrue(Equal.equals(environment, Environment.fromRecord({ B: "3", A: Redacted.make("2") })))
    assert.isFalse(Equal.equals(environment, Environment.fromRecord({ B: "3", A: Redacted.make("3") })))
  })

  it("overrides earlier variables with later ones on merge", () => {
    const merged = Environment.merge(
      Environment.fromRecord({ A: "1", B: "1" }),
      Environment.fromRecord({ B: "2", C: "2" })
    )
    assert.deepStrictEqual(Environment.toRecord(merged), { A: "1", B: "2", C: "2" })
  })

  it("hides redacted values when printed", () => {
    const environment = Environment.fromRecord({ PASSWORD: Redacted.make("hunter2") })
    assert.notInclude(
      `${environment}${Inspectable.toStringUnknown(environment)}${JSON.stringify(environment)}`,
      "hunter"
    )
  })

  it.each([
    ["", "Invalid environment variable name \"\": it is empty"],
    [
      "A=B",
      "Invalid environment variable name \"A=B\": \"=\" at position 1 is not allowed, a name has no \"=\" and no NUL"
    ],
    ["A\0", "Invalid environment variable name \"A\\u0000\": \"\\u0000\" at position 1 is not allowed, a name has no"]
  ])("rejects the name %j", (name, message) => {
    assert.include(refusal(Environment.Name, name), message)
    assert.throws(() => Environment.set(Environment.empty, name, ""), message)
  })

  it.each([(value: string) => value, (value: string) => Redacted.make(value)])(
    "rejects an invalid value without showing it",
    (as) => {
      assert.throws(
        () => Environment.set(Environment.empty, "A", as("hunter2\0")),
        /^Invalid value of environment variable A: a NUL at position 7 is not allowed$/
      )
      assert.throws(
        () => Environment.set(Environment.empty, "A", as("é".repeat(65535))),
        /^Invalid value of environment variable A: Linux allows 131072 bytes, and it takes 131073$/
      )
      const largest = Environment.set(Environment.empty, "A", as("x".repeat(131069)))
      assert.strictEqual(SortedMap.size(largest), 1)
    }
  )

  it.each<[text: string, record: Record.ReadonlyRecord<string, string>]>([
    ["", {}],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["\uFEFFA=1", { A: "1" }],
    ["# A=1\n \t#\n\n   \nB=2", { B: "2" }],
    [" \tA= 1 ", { A: " 1 " }],
    ["A=\"x\" # no comment", { A: "\"x\" # no comment" }],
    ["A=1=2\nA=${B}", { A: "${B}" }],
    ["A", {}],
    ["HOME\nUNSET", { HOME: "/root" }],
    ["__proto__=1", Object.fromEntries([["__proto__", "1"]])]
  ])("parses the file %j", (text, record) => {
    assert.deepStrictEqual(parsed(text, (name) => name === "HOME" ? "/root" : undefined), Either.right(record))
  })

  it.each([
    ["A=1\n=2", "on line 2 there is no name before \"=\""],
    ["A B=secret", "on line 1 there is white space in or after a name"],
    ["export A=secret", "on line 1 there is white space in or after a name"],
    ["\n\nA=secret\0", "on line 3 invalid value of environment variable A: a NUL at position 6 is not allowed"]
  ])("rejects the file %j without showing its content", (text, reason) => {
    const result = Environment.parseFile(text)
    assert.strictEqual(messageOf(result), `Invalid environment file: ${reason}`)
    assert.notInclude(JSON.stringify(result), "secret")
  })

  it.prop("parses every name and value that a file can hold", [FastCheck.dictionary(name, value)], ([record]) => {
    const plain = Record.filter(record, (value, name) => !/[\r\n]/.test(value) && !/^[\s#\uFEFF]|\s/.test(name))
    const text = Record.collect(plain, (name, value) => `${name}=${value}`).join("\n")
    assert.deepStrictEqual(Environment.parseFile(text), Either.right(Environment.fromRecord(plain)))
  })

  const Case = Schema.Struct({
    text: Schema.String,
    lookup: Schema.Record({ key: Schema.String, value: Schema.String }),
    dockerCli: Schema.Struct({ Env: Schema.optional(Schema.Array(Schema.String)) }),
    podman: Schema.Struct({ Env: Schema.optional(Schema.Array(Schema.String)) })
  })

  // The last variable of a name takes precedence.
  const asRecord = (variables: ReadonlyArray<string>): Record<string, string> =>
    Object.fromEntries(variables.map((variable) => {
      const end = variable.indexOf("=")
      return [variable.slice(0, end), variable.slice(end + 1)]
    }))

  describeVectors("envfiles.json", Schema.Struct({ envFiles: Schema.Array(Case) }), ({ envFiles }) => {
    // Engines report a NUL only when they start the process.
    it.each(envFiles.filter(({ text }) => !text.includes("\0")))(
      "parses the file $text like Docker's client",
      ({ dockerCli, lookup, text }) => {
        const result = Either.getOrUndefined(parsed(text, (name) => lookup[name]))
        assert.deepStrictEqual(result, dockerCli.Env && asRecord(dockerCli.Env))
      }
    )
  })
})
