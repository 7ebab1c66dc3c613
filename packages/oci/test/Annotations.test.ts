import { describe, it } from "@effect/vitest"
import { assertLeft, assertRight, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Annotations } from "@ociman/oci"
import { Arbitrary, Either, FastCheck as fc } from "effect"

const predefined = Arbitrary.make(Annotations.Predefined)

const all: Annotations.Predefined = {
  created: "2020-01-02T03:04:05Z",
  authors: "A",
  url: "https://example.com",
  documentation: "https://example.com/docs",
  source: "https://example.com/source",
  version: "1.0",
  revision: "abc",
  vendor: "V",
  licenses: "MIT",
  refName: "v1",
  title: "T",
  description: "D",
  baseDigest: "sha256:…",
  baseName: "example.com/base:1"
}

const flat = {
  "org.opencontainers.image.created": "2020-01-02T03:04:05Z",
  "org.opencontainers.image.authors": "A",
  "org.opencontainers.image.url": "https://example.com",
  "org.opencontainers.image.documentation": "https://example.com/docs",
  "org.opencontainers.image.source": "https://example.com/source",
  "org.opencontainers.image.version": "1.0",
  "org.opencontainers.image.revision": "abc",
  "org.opencontainers.image.vendor": "V",
  "org.opencontainers.image.licenses": "MIT",
  "org.opencontainers.image.ref.name": "v1",
  "org.opencontainers.image.title": "T",
  "org.opencontainers.image.description": "D",
  "org.opencontainers.image.base.digest": "sha256:…",
  "org.opencontainers.image.base.name": "example.com/base:1"
}

describe("Annotations", () => {
  it("define the keys of the image specification", () => {
    deepStrictEqual(Annotations.fromPredefined(all), flat)
    deepStrictEqual(Annotations.predefined(flat), all)
  })

  it("predefined() ignores other keys and inherited properties", () => {
    deepStrictEqual(Annotations.predefined({ ...flat, "com.example": "x" }), all)
    deepStrictEqual(Annotations.predefined(Object.create(flat)), {})
  })

  it("round-trip through flat keys", () =>
    fc.assert(fc.property(predefined, (values) => {
      deepStrictEqual(Annotations.predefined(Annotations.fromPredefined(values)), values)
    })))

  it("round-trip through JSON with every key", () =>
    fc.assert(fc.property(Arbitrary.make(Annotations.Annotations), (annotations) => {
      assertRight(Either.flatMap(Annotations.toJson(annotations), Annotations.fromJson), { ...annotations })
    })))

  it("round-trip through nested objects", () =>
    fc.assert(fc.property(predefined, (values) => {
      assertRight(Annotations.fromNested(JSON.parse(JSON.stringify(Annotations.toNested(values)))), values)
    })))

  it("round-trip through TOML", () =>
    fc.assert(fc.property(
      // TOML has no lone surrogates.
      predefined.filter((values) => Object.values(values).every((text) => !/\p{Surrogate}/u.test(text))),
      (values) => assertRight(Annotations.fromToml(Annotations.toToml(values)), values)
    )))

  it("are parsed from hand-written TOML", () =>
    assertRight(
      Annotations.fromToml(`
[org.opencontainers.image]
title = "T"
url = "https://example.com"
com = "not known"

[org.opencontainers.image.ref]
name = "v1"

[org.opencontainers.image.base]
digest = "sha256:…"
`),
      { title: "T", url: "https://example.com", refName: "v1", baseDigest: "sha256:…" }
    ))

  it("may be absent at any level of a nested object", () => {
    for (const toml of ["", "[org]", "[org.opencontainers]", "[org.opencontainers.image]", "[com.example]\na = 1"]) {
      assertRight(Annotations.fromToml(toml), {})
    }
  })

  it("fail on invalid TOML with the parser's reason", () => {
    const wrong = Either.mapLeft(
      Annotations.fromToml("[org.opencontainers.image]\ncreated = 2020-01-02T03:04:05Z"),
      ({ path, reason }) => [reason, path]
    )
    assertLeft(wrong, ["InvalidField", "org.opencontainers.image.created"])
    assertLeft(Either.mapLeft(Annotations.fromToml("a ="), ({ reason }) => reason), "InvalidToml")
  })

  it("use the key of the specification for the version", () =>
    strictEqual(Annotations.version, "org.opencontainers.image.version"))
})
