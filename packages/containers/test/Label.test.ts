import { assert, describe, it } from "@effect/vitest"
import { Label } from "@ociman/containers"
import { Either, Equal, FastCheck, Hash, Schema, SortedMap } from "effect"
import { refusal } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

const key = FastCheck.string({ minLength: 1, maxLength: 20, unit: FastCheck.constantFrom(..."az09.-_/:ü😀") })

describe("Label", () => {
  it.each(["a", "com.example.role", "org.opencontainers.image.ref.name", "ü", "é".repeat(128)])(
    "accepts the key %s",
    (key) => {
      assert.strictEqual(Label.make(key, "").key, key)
    }
  )

  it.each([
    ["", "it is empty"],
    [
      "a=b",
      "\"=\" at position 1 is not allowed, a key has no \"=\", no \",\", no white space and no control characters"
    ],
    [
      "a,b",
      "\",\" at position 1 is not allowed, a key has no \"=\", no \",\", no white space and no control characters"
    ],
    [
      "😀 b",
      "\" \" at position 2 is not allowed, a key has no \"=\", no \",\", no white space and no control characters"
    ],
    [
      "a\tb",
      "\"\\t\" at position 1 is not allowed, a key has no \"=\", no \",\", no white space and no control characters"
    ],
    [
      "a\x7F",
      "\"\x7F\" at position 1 is not allowed, a key has no \"=\", no \",\", no white space and no control characters"
    ]
  ])("rejects the key %j", (key, reason) => {
    assert.strictEqual(refusal(Label.Key, key), `Invalid label key ${JSON.stringify(key)}: ${reason}`)
    assert.throws(() => Label.make(key, ""), reason)
    assert.throws(() => Label.set(Label.empty, key, ""), reason)
    assert.throws(() => Label.has(key), reason)
    assert.throws(() => Label.equals(key, ""), reason)
  })

  it("limits the length of keys and values in bytes", () => {
    assert.include(refusal(Label.Key, "é".repeat(129)), "it has 258 bytes in UTF-8, and at most 256 are allowed")
    assert.strictEqual(Label.make("a", "x".repeat(65536)).value.length, 65536)
    assert.include(
      refusal(Label.Value, "x".repeat(65537)),
      "it has 65537 bytes in UTF-8, and at most 65536 are allowed"
    )
    assert.include(refusal(Label.Value, "a\0"), "\"\\u0000\" at position 1 is not allowed")
  })

  it("formats labels and filters", () => {
    assert.strictEqual(Label.format(Label.make("a", "b=c")), "a=b=c")
    assert.strictEqual(Label.formatFilter(Label.has("a")), "label=a")
    assert.strictEqual(Label.formatFilter(Label.equals("a", "")), "label=a=")
    assert.strictEqual(Label.formatFilter(Label.equals("a", "b,c=d")), "label=a=b,c=d")
  })

  it.each([Label.has("a"), Label.equals("a", ""), Label.equals("a", "b=c\nlabel=d")])(
    "parses the format of the filter %s",
    (filter) => {
      const text = Label.formatFilter(filter)
      assert.isTrue(Equal.equals(Schema.decodeSync(Label.FilterFromString)(text), filter))
      assert.strictEqual(Schema.encodeSync(Label.FilterFromString)(filter), text)
    }
  )

  it.each([["a=b", /does not begin with "label="/], ["label=", /empty/], ["label==b", /empty/], [
    "label=a b",
    /white space/
  ]])(
    "rejects the filter %j",
    (text, reason) => {
      assert.match(refusal(Label.FilterFromString, text), reason)
    }
  )

  it("filters the labels of an engine's answer", () => {
    const labels = Label.toRecord(Label.fromRecord({ a: "1", b: "" }))
    assert.deepStrictEqual(labels, { a: "1", b: "" })
    const filters = [
      Label.has("a"),
      Label.has("c"),
      Label.has("toString"),
      Label.equals("a", "1"),
      Label.equals("a", "2")
    ]
    assert.deepStrictEqual(filters.map((filter) => Label.matches(labels, filter)), [true, false, false, true, false])
    assert.isTrue(Label.matches(Label.equals("b", ""))(labels))
  })

  it("keeps the last label of each key, sorted by key", () => {
    const labels = Label.empty.pipe(Label.set("b", "1"), Label.set("a", "2"), Label.set("b", "3"))
    assert.deepStrictEqual(Array.from(labels, String), ["a,2", "b,3"])
    assert.isTrue(Equal.equals(labels, Label.fromRecord({ b: "3", a: "2" })))
    assert.strictEqual(Hash.hash(labels), Hash.hash(Label.fromRecord({ a: "2", b: "3" })))
    assert.strictEqual(SortedMap.size(Label.empty), 0)
  })

  it("keeps a label with any key", () => {
    const labels = Label.fromRecord(JSON.parse("{\"__proto__\":\"1\",\"10\":\"2\",\"9\":\"3\"}"))
    assert.deepStrictEqual(Array.from(labels, String), ["10,2", "9,3", "__proto__,1"])
  })

  it.prop("parses its own format", [key, FastCheck.string()], ([key, text]) => {
    const label = Label.make(key, text.replaceAll("\0", ""))
    assert.isTrue(Equal.equals(Schema.decodeSync(Label.FromString)(Label.format(label)), label))
    assert.strictEqual(Schema.encodeSync(Label.FromString)(label), Label.format(label))
  })

  const Case = Schema.Struct({ label: Schema.String, dockerCli: Schema.Unknown, podman: Schema.Unknown })

  describeVectors("envfiles.json", Schema.Struct({ labels: Schema.Array(Case) }), ({ labels }) => {
    const agreed = labels.filter(({ dockerCli, podman }) => typeof dockerCli === typeof podman)

    it.each(agreed)("parses %j like Docker's client", ({ dockerCli, label }) => {
      const result = Either.map(Schema.decodeEither(Label.FromString)(label), ({ key, value }) => ({ [key]: value }))
      // Both engines keep white space before a key; the library rejects it.
      const expected = typeof dockerCli === "string" || label.startsWith(" ") ? undefined : dockerCli
      assert.deepStrictEqual<unknown>(Either.getOrUndefined(result), expected)
    })
  })
})
