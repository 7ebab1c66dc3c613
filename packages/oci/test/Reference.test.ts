import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Digest, Reference } from "@ociman/oci"
import { Arbitrary, Effect, Either, Equal, FastCheck, Hash, Option, Order, ParseResult, Schema } from "effect"
import { invalid, valid } from "./references.js"

const decode = Schema.decodeUnknown(Reference.FromString)
const encode = Schema.encode(Reference.FromString)

const hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
const digest = Digest.Digest.make(`sha256:${hex}`)

// The grammar of distribution/reference as regular expressions, the reference for the scanner.
const alphanumeric = "[a-z0-9]{1,9}"
const component = `${alphanumeric}((?:[._]|__|-{1,3})${alphanumeric}){0,2}`
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,5}[a-zA-Z0-9])"
const domain = `(?:${label}(?:\\.${label}){0,3}|\\[[a-fA-F0-9:]{1,9}\\])(?::[0-9]{1,6})?`
const digests = "sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
const grammar = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component}){0,3}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?(?:@(?:${digests}))?$`
)

const generated = FastCheck.stringMatching(grammar).filter((text) =>
  !/^[0-9a-f]{64}$/.test(text) && !/^\[[0-9a-fA-F]+\]\//.test(text)
)

describe("A Reference", () => {
  describe("reads", () => {
    for (const { canonical, familiar, input, ...parts } of valid) {
      it.effect(JSON.stringify(input), () =>
        Effect.gen(function*() {
          const reference = yield* decode(input)
          assert.strictEqual(Option.getOrUndefined(Option.map(reference.domain, String)), parts.domain)
          assert.strictEqual(Option.getOrUndefined(Option.map(reference.domain, (_) => _.kind)), parts.kind)
          assert.strictEqual(reference.path, parts.path)
          assert.deepStrictEqual(reference.components, parts.path.split("/"))
          assert.strictEqual(Option.getOrUndefined(reference.tag), parts.tag)
          assert.strictEqual(Option.getOrUndefined(reference.digest), parts.digest)
          assert.strictEqual(yield* encode(reference), input)
          assert.strictEqual(String(reference), input)
          assert.strictEqual(String(Reference.canonical(reference)), canonical ?? input)
          assert.strictEqual(Reference.familiar(reference), familiar ?? input)
        }))
    }

    it("the name without tag and digest, including the port", () => {
      assert.strictEqual(Reference.make(`[::1]:5000/a/b:c@${digest}`).name, "[::1]:5000/a/b")
    })

    it("host and port separately", () => {
      const [name, plain] = [Reference.make("[::1]:5000/a"), Reference.make("localhost/a")].map((_) => _.domain)
      deepStrictEqual(
        Option.map(name ?? Option.none(), ({ host, port }) => [host, port]),
        Option.some(["[::1]", Option.some("5000")])
      )
      deepStrictEqual(
        Option.map(plain ?? Option.none(), ({ host, port }) => [host, port]),
        Option.some(["localhost", Option.none()])
      )
    })
  })

  describe("refuses", () => {
    for (const { input, position, reason, rule } of invalid) {
      it.effect(`${JSON.stringify(input)} at position ${position}`, () =>
        Effect.gen(function*() {
          const error = yield* Reference.parse(input).pipe(Either.flip)
          assert.instanceOf(error, Reference.InvalidReference)
          assert.strictEqual(error.position, position)
          assert.strictEqual(error.reason, reason)
          assert.match(error.message, rule)
          assert.include(error.message, `at position ${position}`)
        }))
    }

    it.effect("with the same message in the error of the schema", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(decode("docker/Docker"))
        assert.instanceOf(error, ParseResult.ParseError)
        assert.include(
          error.message,
          "Invalid image reference \"docker/Docker\" at position 7: a repository name is in lower case"
        )
      }))

    it("an invalid literal by throwing", () => {
      assert.throws(() => Reference.make("a:b:c"), Reference.InvalidReference, /at position 3/)
    })

    it("without repeating a long input in the message", () => {
      assert.isBelow(
        Either.match(Reference.parse("/".repeat(1_000_000)), {
          onLeft: (error) => error.message.length,
          onRight: () => Infinity
        }),
        300
      )
    })

    it("fields that would not be parsed as the same fields", () => {
      const none = { domain: Option.none(), tag: Option.none(), digest: Option.none() }
      for (const path of ["a:b", "a.b/c", "A", "a/", "", hex, `a@${digest}`]) {
        assert.throws(() => new Reference.Reference({ ...none, path }), ParseResult.ParseError)
      }
      const dotless = new Reference.Domain({ host: "a", port: Option.none() })
      assert.throws(() => new Reference.Reference({ ...none, domain: Option.some(dotless), path: "b" }))
      assert.throws(() => new Reference.Domain({ host: "a:5", port: Option.none() }))
      assert.throws(() => new Reference.Domain({ host: "a", port: Option.some("http") }))
      assert.throws(() => Reference.Tag.make("-a"))
      assert.throws(() => Reference.Tag.make("a:b"))
      assert.strictEqual(String(new Reference.Reference({ ...none, path: "a/b" })), "a/b")
    })
  })

  it.prop("round-trips from text", { text: generated }, ({ text }) => {
    assert.strictEqual(Either.map(Reference.parse(text), String).pipe(Either.getOrThrow), text)
  }, { fastCheck: { numRuns: 1000 } })

  it.prop("round-trips from fields", { reference: Arbitrary.make(Reference.FromString) }, ({ reference }) => {
    const read = Reference.make(Reference.format(reference))
    assert.isTrue(Equal.equals(read, reference))
    assert.strictEqual(Hash.hash(read), Hash.hash(reference))
    assert.isTrue(Schema.is(Reference.Reference)(reference))
  })

  it.prop("has an idempotent canonical form", { text: generated }, ({ text }) => {
    const canonical = Reference.canonical(Reference.make(text))
    assert.isTrue(Equal.equals(Reference.make(String(canonical)), canonical))
    assert.isTrue(Equal.equals(Reference.canonical(canonical), canonical))
  })

  it.prop("never throws on arbitrary text", { text: FastCheck.string({ unit: "binary" }) }, ({ text }) => {
    assert.isTrue(Either.isEither(Reference.parse(text)))
  })

  // In quadratic time it would take hours.
  it("is parsed in linear time", () => {
    const characters = Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).concat("é", "\u{1F600}")
    const repeated = characters.map((character) => character.repeat(1_000_000 / character.length))
    const patterns = ["a.", "a/", "a:", "a-", "a_", "A.", "[:", "a@", "a:a@"].map((text) => text.repeat(250_000))
    const before = [`a@sha256:`, "a:", "localhost/", "[", "a."].map((head) => head + "a".repeat(1_000_000))
    for (const text of [...repeated, ...patterns, ...before]) {
      assert.isTrue(Either.isLeft(Reference.parse(text)), `${text.slice(0, 10)}…`)
    }
  }, 60_000)

  describe("compares", () => {
    it("by the printed text", () => {
      assert.isTrue(Equal.equals(Reference.make(`a.b:5/c:d@${digest}`), Reference.make(`a.b:5/c:d@${digest}`)))
      const different = ["a", "a:a", `a@${digest}`, "b", "a/a", "localhost/a", "localhost:5/a", "a.a/a"]
      assert.strictEqual(new Set(different.map((_) => Hash.hash(Reference.make(_)))).size, different.length)
      for (const one of different) {
        for (const other of different) {
          assert.strictEqual(Equal.equals(Reference.make(one), Reference.make(other)), one === other)
        }
      }
    })

    it("in the order of the printed text", () => {
      const sorted = ["b", "a:b", "a", "a/b"].map(Reference.make).sort(Reference.Order).map(String)
      assert.deepStrictEqual(sorted, ["a", "a/b", "a:b", "b"])
      assert.isTrue(Order.lessThan(Reference.Order)(Reference.make("a"), Reference.make("b")))
    })
  })

  describe("changes", () => {
    const b = Reference.Tag.make("b")

    it("the tag and keeps the digest, data first and data last", () => {
      assert.strictEqual(String(Reference.withTag(Reference.make(`a:c@${digest}`), b)), `a:b@${digest}`)
      assert.strictEqual(String(Reference.make("localhost:5/a").pipe(Reference.withTag(b))), "localhost:5/a:b")
    })

    it("the digest and keeps the tag", () => {
      assert.strictEqual(String(Reference.make("a:b").pipe(Reference.withDigest(digest))), `a:b@${digest}`)
      assert.strictEqual(String(Reference.withDigest(Reference.make("a"), digest)), `a@${digest}`)
    })

    it("to a reference with fewer parts", () => {
      assert.strictEqual(String(Reference.withoutTag(Reference.make(`a:b@${digest}`))), `a@${digest}`)
      assert.strictEqual(String(Reference.nameOnly(Reference.make(`a.b/c:b@${digest}`))), "a.b/c")
    })

    it("to a repository that is not an image id", () => {
      const canonical = `docker.io/library/${hex}`
      assert.strictEqual(String(Reference.withoutTag(Reference.make(`${hex}:a`))), canonical)
      assert.strictEqual(String(Reference.nameOnly(Reference.make(`${hex}@${digest}`))), canonical)
    })

    it("to the tag latest only if neither tag nor digest is set", () => {
      assert.strictEqual(String(Reference.withDefaultTag(Reference.make("a"))), "a:latest")
      assert.strictEqual(String(Reference.withDefaultTag(Reference.make("a:b"))), "a:b")
      assert.strictEqual(String(Reference.withDefaultTag(Reference.make(`a@${digest}`))), `a@${digest}`)
    })
  })

  it("recognizes itself by isReference", () => {
    assert.isTrue(Reference.isReference(Reference.make("a")))
    assert.isFalse(Reference.isReference("a"))
  })
})
