import { assert, describe, it } from "@effect/vitest"
import { Captured } from "@ociman/process"
import { Arbitrary, Schema } from "effect"

const encode = (text: string) => new TextEncoder().encode(text)

const capture = (limit: number, ...parts: ReadonlyArray<Uint8Array>) => {
  const recorder = Captured.make(limit)
  parts.forEach(recorder.write)
  return recorder.result()
}

const inPieces = (bytes: Uint8Array, size: number) =>
  Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.subarray(index * size, (index + 1) * size)
  )

describe("Captured", () => {
  it("keeps a short output completely", () => {
    const captured = capture(6, encode("abc"), encode("def"))
    assert.strictEqual(captured.text, "abcdef")
    assert.strictEqual(captured.totalBytes, 6)
    assert.strictEqual(captured.omittedBytes, 0)
  })

  it("keeps a byte order mark", () => {
    assert.strictEqual(capture(8, encode("\uFEFFabc")).text, "\uFEFFabc")
  })

  it("keeps head and tail of a long output and the number of dropped bytes", () => {
    const captured = capture(6, encode("abc"), encode("xx"), encode("xxdef"))
    assert.strictEqual(captured.text, "abc\n… 4 bytes omitted …\ndef")
    assert.deepStrictEqual(captured.bytes, encode("abcdef"))
    assert.strictEqual(captured.totalBytes, 10)
    assert.strictEqual(captured.omittedBytes, 4)
  })

  it("keeps nothing with limit 0 and everything with Infinity", () => {
    assert.strictEqual(capture(0, encode("abc")).text, "… 3 bytes omitted …")
    assert.strictEqual(capture(Infinity, ...inPieces(new Uint8Array(100_000), 7)).bytes.length, 100_000)
  })

  it("does not split a character", () => {
    const captured = capture(9, encode("ab€€€€€€cd"))
    assert.strictEqual(captured.text, "ab€\n… 15 bytes omitted …\ncd")
    const bomb = capture(6, encode("a💣💣💣b"))
    assert.strictEqual(bomb.text, "a\n… 12 bytes omitted …\nb")
  })

  it("replaces malformed bytes", () => {
    assert.strictEqual(capture(10, new Uint8Array([0x61, 0xff, 0x62])).text, "a\ufffdb")
  })

  it("is a snapshot that later writes do not change", () => {
    const recorder = Captured.make(4)
    recorder.write(encode("ab"))
    const before = recorder.result()
    recorder.write(encode("cdefgh"))
    assert.strictEqual(before.text, "ab")
    assert.strictEqual(recorder.result().text, "ab\n… 4 bytes omitted …\ngh")
  })

  const bytes = Schema.Uint8ArrayFromSelf
  it.prop(
    "does not depend on how the output is split into chunks",
    [bytes, Schema.Int.pipe(Schema.between(1, 9)), Schema.Int.pipe(Schema.between(0, 40))],
    ([all, size, limit]) => {
      const ascii = all.map((byte) => byte & 0x7f)
      const captured = capture(limit, ...inPieces(ascii, size))
      const head = Math.ceil(limit / 2)
      const expected = ascii.length <= limit
        ? ascii
        : new Uint8Array([...ascii.subarray(0, head), ...ascii.subarray(ascii.length - (limit - head))])
      assert.deepStrictEqual(Array.from(captured.bytes), Array.from(expected))
      assert.strictEqual(captured.totalBytes, ascii.length)
      assert.strictEqual(captured.omittedBytes, ascii.length - expected.length)
    }
  )

  it.prop("keeps well-formed text well-formed", [
    Arbitrary.make(Schema.String.pipe(Schema.filter((text) => !/[\ud800-\udfff]/.test(text)))),
    Schema.Int.pipe(Schema.between(0, 30))
  ], ([text, limit]) => {
    const all = encode(`€é💣${text}💣é€`.replaceAll("\ufffd", ""))
    assert.notInclude(capture(limit, ...inPieces(all, 3)).text, "\ufffd")
  })
})
