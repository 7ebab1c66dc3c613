import { assert, describe, it } from "@effect/vitest"
import { Digest, Reference } from "@ociman/oci"
import { Either, Equal, Option } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

type Read =
  | { readonly ok: false; readonly error: string }
  | {
    readonly ok: true
    readonly string: string
    readonly name: string
    readonly domain: string
    readonly path: string
    readonly tag?: string
    readonly digest?: string
  }

type Normalized =
  | { readonly ok: false; readonly error: string }
  | Read & {
    readonly ok: true
    readonly familiarName: string
    readonly familiarString: string
    readonly tagNameOnly: string
  }

interface Vectors {
  readonly cases: ReadonlyArray<{
    readonly input: string
    readonly parse: Read
    readonly normalized: Normalized
    readonly dockerRef: string | null
    readonly isCanonicalNamed: boolean
    readonly upstream?: ReadonlyArray<{
      readonly api: string
      readonly source: string
      readonly expect: { readonly ok: boolean; readonly error?: string; readonly string?: string }
    }>
  }>
  readonly domainRegexp: ReadonlyArray<{ readonly input: string; readonly match: boolean }>
  readonly identifierRegexp: ReadonlyArray<{ readonly input: string; readonly match: boolean }>
  readonly withTag: ReadonlyArray<WithPart>
  readonly withDigest: ReadonlyArray<WithPart>
  readonly digestParse: ReadonlyArray<
    {
      readonly input: string
      readonly ok: boolean
      readonly algorithm?: string
      readonly encoded?: string
      readonly error?: string
    }
  >
}

interface WithPart {
  readonly name: string
  readonly tag: string | null
  readonly digest: string | null
  readonly string: string | null
}

const file = fileURLToPath(new URL("../../../../shared/vectors/references.json", import.meta.url))

const vectors: Vectors | undefined = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined

/** Errors of distribution/reference for each reason. */
const kinds: Record<Reference.InvalidReference["reason"], ReadonlyArray<string>> = {
  Empty: ["name-empty", "invalid-format"],
  InvalidFormat: ["invalid-format"],
  TagTooLong: ["invalid-format"],
  UppercaseName: ["uppercase-name"],
  NameTooLong: ["name-too-long"],
  ImageId: ["identifier-not-allowed"],
  // There, a digest with fewer than 32 digits or a malformed algorithm does not match the grammar as a whole.
  InvalidDigest: ["digest-invalid-length", "digest-invalid-format", "digest-unsupported", "invalid-format"]
}

const short = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}… ${text.length}` : text)

const registered = (digest: string | null | undefined): digest is string =>
  typeof digest === "string" && Digest.isDigest(digest)

describe.skipIf(vectors === undefined && process.env["CI"] !== "true")("The vectors of references", () => {
  it("exist", () => {
    assert.isAbove(vectors?.cases.length ?? 0, 100, `${file} is missing`)
  })

  for (const { dockerRef, input, isCanonicalNamed, normalized, parse, upstream = [] } of vectors?.cases ?? []) {
    it(short(input), () => {
      const result = Reference.parse(input)

      for (const { api, expect, source } of upstream) {
        if (api === "normalized" || (api === "parse" && expect.ok === normalized.ok)) {
          assert.strictEqual(Either.isRight(result), expect.ok, source)
        }
      }

      if (Either.isLeft(result)) {
        assert.isFalse(normalized.ok, result.left.message)
        assert.isAtMost(result.left.position, input.length)
        const expected = [parse, normalized].flatMap((_) => _.ok ? [] : [_.error])
        assert.isTrue(
          expected.some((kind) => kinds[result.left.reason].includes(kind)),
          `${result.left.message}: ${expected}`
        )
        return
      }

      const reference = result.right
      if (!parse.ok || !normalized.ok) return assert.fail("was read and should not have been")

      // The strict grammar accepts the same text, but takes more first components for domains.
      assert.strictEqual(String(reference), parse.string)
      assert.strictEqual(reference.name, parse.name)
      assert.strictEqual(Option.getOrUndefined(reference.tag), parse.tag)
      assert.strictEqual(Option.getOrUndefined(reference.digest), parse.digest)
      const domain = Option.getOrElse(Option.map(reference.domain, String), () => "")
      assert.include(["", parse.domain], domain)
      assert.strictEqual(reference.path, domain === parse.domain ? parse.path : parse.name)

      // Defaults that Docker adds.
      const canonical = Reference.canonical(reference)
      assert.strictEqual(String(canonical), normalized.string)
      assert.strictEqual(canonical.name, normalized.name)
      assert.strictEqual(canonical.path, normalized.path)
      assert.strictEqual(Option.getOrElse(Option.map(canonical.domain, String), () => ""), normalized.domain)
      assert.strictEqual(Option.isSome(reference.domain), domain !== "" && normalized.domain !== "")
      assert.strictEqual(Equal.equals(canonical, reference), isCanonicalNamed)
      assert.strictEqual(Reference.familiar(reference), normalized.familiarString)
      assert.strictEqual(Reference.familiar(Reference.nameOnly(reference)), normalized.familiarName)
      assert.strictEqual(String(Reference.withDefaultTag(canonical)), normalized.tagNameOnly)
      const requested = Option.isSome(canonical.digest) ? Reference.withoutTag(canonical) : canonical
      assert.strictEqual(String(Reference.withDefaultTag(requested)), dockerRef)
    })
  }

  for (const { input, match } of vectors?.domainRegexp ?? []) {
    it(`parse the domain ${short(input)}`, () => {
      const reference = Reference.parse(`${input}/a`)
      // By Docker's rule, text without any of these is not a domain, even if the grammar allows it.
      const looks = input === "localhost" || /[.:A-Z]/.test(input)
      const read = Either.isRight(reference) && Option.isSome(reference.right.domain)
      assert.strictEqual(read, match && looks)
    })
  }

  for (const { input, match } of vectors?.identifierRegexp ?? []) {
    it(`parse the identifier ${short(input)}`, () => {
      // A possible image id is not the name of an image.
      const refused = Either.match(Reference.parse(input), { onLeft: ({ rule }) => rule, onRight: () => "" })
      assert.strictEqual(/64 hexadecimal digits/.test(refused), match)
    })
  }

  for (const { digest, name, string, tag } of [...vectors?.withTag ?? [], ...vectors?.withDigest ?? []]) {
    it(`build ${name} with tag ${tag} and digest ${digest}`, () => {
      if (digest !== null && !registered(digest)) {
        assert.isTrue(Either.isLeft(Reference.parse(`${name}@${digest}`)))
        return
      }
      const text = [name, tag === null ? "" : `:${tag}`, digest === null ? "" : `@${digest}`].join("")
      assert.strictEqual(Option.getOrNull(Option.map(Either.getRight(Reference.parse(text)), String)), string)
    })
  }

  for (const { algorithm, encoded, error, input, ok } of vectors?.digestParse ?? []) {
    it(`parse the digest ${short(input)}`, () => {
      const digest = Digest.parse(input)
      if (Either.isRight(digest)) {
        assert.isTrue(ok)
        assert.strictEqual(Digest.algorithm(digest.right), algorithm)
        assert.strictEqual(Digest.encoded(digest.right), encoded)
        return
      }
      const reasons: Record<string, Digest.InvalidDigestReason> = {
        "digest-invalid-format": "InvalidFormat",
        "digest-invalid-length": "InvalidLength",
        "digest-unsupported": "Unsupported"
      }
      // Accepted there once a program registers its algorithm.
      if (ok) assert.isFalse(input.startsWith("sha256") || input.startsWith("sha512"))
      assert.strictEqual(digest.left.reason, ok ? "Unsupported" : reasons[error ?? ""])
    })
  }
})
