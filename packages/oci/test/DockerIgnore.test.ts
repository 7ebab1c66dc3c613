import { assert, describe, it } from "@effect/vitest"
import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import { Either } from "effect"

const ignored = (pattern: string, path: string) =>
  Either.match(DockerIgnore.make([pattern]), {
    onLeft: () => "refused",
    onRight: (ignore) => DockerIgnore.ignores(ignore, path)
  })

// As in Go 1.23 and moby/patternmatcher 0.6.0: a backslash begins an escape of a regular expression.
const cases: ReadonlyArray<readonly [pattern: string, path: string, expected: boolean | "refused"]> = [
  ["dir\\bin", "dirbin", false],
  ["dir\\bin", "dir/bin", false],
  ["a\\b*", "a", true],
  ["a\\b*", "a-c", true],
  ["a\\b*", "ac", false],
  ["a\\B?", "ac", true],
  ["a\\B?", "a-", false],
  ["\\Aa", "a", true],
  ["a\\z", "a", true],
  ["a\\zb", "ab", false],
  ["\\x41", "A", true],
  ["\\x41", "x41", false],
  ["\\x{41}", "A", "refused"],
  ["\\x4", "x4", "refused"],
  ["\\101", "A", true],
  ["\\0101", "\b1", true],
  ["\\1", "a", "refused"],
  ["\\8", "8", "refused"],
  ["\\pLx", "äx", true],
  ["\\pLx", "1x", false],
  ["\\PLx", "1x", true],
  ["\\p{Greek}", "α", "refused"],
  ["\\pX", "a", "refused"],
  ["\\Qa*\\Eb", "a[^/]*b", true],
  ["\\Qa*\\Eb", "acb", false],
  ["\\Qa", "a", true],
  ["a\\E", "a", "refused"],
  ["\\C", "C", "refused"],
  ["\\Z", "Z", "refused"],
  ["[\\x41-\\103]", "B", true],
  ["[\\x41-\\103]", "D", false],
  ["[\\pN]", "5", true],
  ["[\\b]", "b", "refused"]
]

describe("DockerIgnore", () => {
  for (const [pattern, path, expected] of cases) {
    const title = expected === "refused"
      ? "refuses"
      : expected
      ? `ignores ${JSON.stringify(path)} by`
      : `keeps ${JSON.stringify(path)} with`
    it(`${title} the pattern ${JSON.stringify(pattern)}`, () => assert.strictEqual(ignored(pattern, path), expected))
  }

  it("matches a pattern of twenty thousand times \"**/\" in linear time", () =>
    assert.isTrue(ignored(`${"**/".repeat(20_000)}b`, "a/b")))
})
