import { assert, describe, it } from "@effect/vitest"
import { Repository } from "@ociman/registry"
import { Either, Option } from "effect"
import type { Address } from "../src/internal/http/address.js"
import * as addresses from "../src/internal/http/address.js"
import * as headers from "../src/internal/http/headers.js"
import { type Purpose, resolveReference } from "../src/internal/http/urlPolicy.js"
import { defaults } from "../src/SecurityPolicy.js"
import { areOptional, load } from "./vectors.js"

interface Challenges {
  readonly realmRules: {
    readonly cases: ReadonlyArray<{
      readonly realm: string
      readonly registryHost: string
      readonly registryIsPlainHttp: boolean
      readonly allowed: boolean
    }>
  }
  readonly canonicalAddress: {
    readonly cases: ReadonlyArray<{ readonly scheme: string; readonly address: string; readonly canonical: string }>
  }
  readonly challengeHostNormalization: { readonly hosts: ReadonlyArray<string> }
}

interface Allowed {
  readonly from: string
  readonly to: string
  readonly allowed: boolean
}

interface Behaviours {
  readonly locationResolution: {
    readonly cases: ReadonlyArray<{
      readonly postUrl: string
      readonly location: string | null
      readonly go: { readonly location?: string }
      readonly whatwg: { readonly location?: string; readonly sameOrigin?: boolean }
    }>
  }
  readonly linkHeader: {
    readonly cases: ReadonlyArray<{
      readonly requestUrl: string
      readonly link: ReadonlyArray<string>
      readonly expected: string | null
    }>
  }
  readonly uploadRange: { readonly cases: ReadonlyArray<{ readonly range: string; readonly lastByte: number | null }> }
  readonly retryAfter: { readonly cases: ReadonlyArray<{ readonly value: string; readonly waitMs: number | null }> }
  readonly warningHeader: { readonly cases: ReadonlyArray<{ readonly value: string; readonly text: string | null }> }
  readonly ssrf: {
    readonly redirect: ReadonlyArray<Allowed>
    readonly uploadLocation: ReadonlyArray<Allowed>
    readonly probesBeyondUpstream: ReadonlyArray<Allowed>
    readonly foreignLayerUrl: ReadonlyArray<
      { readonly url: string; readonly plainHttpRegistry: boolean; readonly allowed: boolean }
    >
  }
}

const challenges = load<Challenges>("challenges")
const behaviours = load<Behaviours>("server-behaviours")

const address = (text: string): Address => Option.getOrThrow(addresses.parse(text))

const isAllowed = (purpose: Purpose, registry: Address, reference: string) =>
  Either.isRight(resolveReference(defaults, { purpose, registry, from: registry, reference }))

/** A registry is asked without encryption where a case would otherwise be refused for that alone. */
const registryFor = (host: string, reference: string) =>
  address(`${reference.startsWith("http:") ? "http" : "https"}://${host}/v2/test/blobs/x`)

describe.skipIf(challenges === undefined && areOptional)("the security policy", () => {
  it("has vectors", () => {
    assert.isAbove(challenges?.realmRules.cases.length ?? 0, 15)
    assert.isAbove(behaviours?.ssrf.redirect.length ?? 0, 10)
  })

  for (const { allowed, realm, registryHost, registryIsPlainHttp } of challenges?.realmRules.cases ?? []) {
    const [host = ""] = registryHost.split(" ")
    it(`applies to a token from ${realm} for ${registryHost}, ${registryIsPlainHttp ? "plain" : "encrypted"}`, () => {
      const name = host === "" ? "registry.example.org" : host
      const registry = address(`${registryIsPlainHttp ? "http" : "https"}://${name}/v2/`)
      assert.strictEqual(isAllowed("token", registry, realm), allowed)
    })
  }

  const moves: ReadonlyArray<readonly [Purpose, ReadonlyArray<Allowed>]> = [
    ["redirect", behaviours?.ssrf.redirect ?? []],
    ["upload", behaviours?.ssrf.uploadLocation ?? []],
    ["redirect", behaviours?.ssrf.probesBeyondUpstream ?? []]
  ]
  for (const [purpose, cases] of moves) {
    for (const { allowed, from, to } of cases) {
      it(`applies to a ${purpose} from ${from} to ${to}`, () => {
        assert.strictEqual(isAllowed(purpose, registryFor(from, to), to), allowed)
      })
    }
  }

  for (const { allowed, plainHttpRegistry, url } of behaviours?.ssrf.foreignLayerUrl ?? []) {
    it(`applies to a layer at ${url} for ${plainHttpRegistry ? "a plain" : "an encrypted"} registry`, () => {
      const registry = address(`${plainHttpRegistry ? "http" : "https"}://registry.example.com/`)
      assert.strictEqual(isAllowed("layer", registry, url), allowed)
    })
  }
})

describe.skipIf(challenges === undefined && areOptional)("addresses", () => {
  for (const { address: given, canonical, scheme } of challenges?.canonicalAddress.cases ?? []) {
    it(`are normalized: ${scheme} ${given}`, () => {
      const read = addresses.parse(`${scheme}://${given}/`)
      // No reference names a registry so.
      if (/^[^[].*:.*:/.test(given)) return assert.isTrue(Option.isNone(read))
      assert.strictEqual(addresses.authority(Option.getOrThrow(read)), canonical)
    })
  }

  it("of the same host are equal in each spelling", () => {
    const [upper = "", international = "", port = ""] = challenges?.challengeHostNormalization.hosts ?? []
    assert.strictEqual(addresses.origin(address(`http://${upper}/`)), addresses.origin(address(`http://${port}/`)))
    assert.isTrue(Option.isNone(addresses.parse("https://reg.EXAMPLE.com@evil.example/")))
    // Headers bring other bytes than ASCII as other characters, so such a name is known in its ASCII form alone.
    const ascii = new URL(`https://${international}/`).hostname
    assert.isTrue(ascii.startsWith("xn--"))
    assert.isTrue(Option.isNone(addresses.parse(`https://${international}/`)))
    assert.isTrue(Either.isLeft(Repository.parseRegistryKey(international)))
    assert.strictEqual(Repository.registryKey(ascii).host, ascii)
    assert.strictEqual(
      addresses.origin(address(`https://${ascii.toUpperCase()}:443/`)),
      addresses.origin(address(`https://${ascii}/`))
    )
  })

  for (const { go, location, postUrl, whatwg } of behaviours?.locationResolution.cases ?? []) {
    if (location === null) continue
    it(`of an upload at ${location} are resolved against ${postUrl}`, () => {
      const read = addresses.resolve(address(postUrl), location)
      if (/[\s\\]|^[a-z]+:(?!\/\/)|@|^(?!http)[a-z]+:|[^ -~]/i.test(location.trim()) || whatwg.location === undefined) {
        return assert.isTrue(Option.isNone(read))
      }
      const resolved = Option.getOrThrow(read)
      const expected =
        (location.includes("..") || location.trim() !== location || go.location === undefined ? whatwg : go).location ??
          ""
      // Byte for byte what Go makes of it, but for the host and what never reaches the wire.
      const [, path = ""] = /^https?:\/\/[^/?#]*([^#]*)/.exec(expected) ?? []
      assert.strictEqual(resolved.path, path === "" ? "/" : path)
      assert.strictEqual(addresses.isSameOrigin(resolved, address(postUrl)), whatwg.sameOrigin)
      const put = addresses.withQuery(resolved, [["digest", "sha256:abc"]]).path
      assert.strictEqual(put.split("digest=").length, 2)
      assert.isTrue(put.endsWith("digest=sha256%3Aabc"))
      if (!path.includes("digest=")) assert.isTrue(put.startsWith(path === "" ? "/" : path))
    })
  }
})

describe.skipIf(behaviours === undefined && areOptional)("headers", () => {
  for (const { expected, link, requestUrl } of behaviours?.linkHeader.cases ?? []) {
    it(`are parsed: Link: ${JSON.stringify(link)}`, () => {
      const next = headers.nextLink(link.join(", "))
      if (expected === "error") return assert.isUndefined(next)
      if (next === undefined) return assert.fail("it cannot be read")
      const registry = address(requestUrl)
      const followed = Option.map(
        next,
        (reference) => resolveReference(defaults, { purpose: "page", registry, from: registry, reference })
      )
      const result = Option.match(followed, {
        onNone: () => null,
        onSome: Either.match({ onLeft: () => "refused", onRight: addresses.format })
      })
      assert.strictEqual(result, expected)
    })
  }

  for (const { lastByte, range } of behaviours?.uploadRange.cases ?? []) {
    it(`are parsed: Range: ${JSON.stringify(range)}`, () => {
      assert.strictEqual(Option.getOrNull(headers.lastByte(range)), lastByte)
    })
  }

  for (const { value, waitMs } of behaviours?.retryAfter.cases ?? []) {
    it(`are parsed: Retry-After: ${JSON.stringify(value)}`, () => {
      assert.strictEqual(Option.getOrNull(headers.retryAfter(value, Date.UTC(2026, 0, 1))), waitMs)
    })
  }

  it("are parsed: Retry-After with a date", () => {
    const now = Date.UTC(2026, 0, 1, 0, 0, 0)
    assert.strictEqual(Option.getOrNull(headers.retryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now)), 60_000)
  })

  for (const { text, value } of behaviours?.warningHeader.cases ?? []) {
    it(`are parsed: Warning: ${value}`, () => {
      const [found = null] = headers.warnings(value)
      // An escaped quote does not end the text.
      assert.strictEqual(found, value === "299 - \"a\\\"b\"" ? "a\"b" : text)
    })
  }
})
