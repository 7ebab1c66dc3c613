import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Engine } from "@ociman/containers"
import { Option } from "effect"

const parts = (text: string) =>
  Option.map(Engine.parseVersion(text), ({ major, minor, patch }) => [major, minor, patch])

describe("Engine", () => {
  it.each([
    ["20.10.24+dfsg1", [20, 10, 24]],
    ["Docker version 28.2.2, build e6534b4", [28, 2, 2]],
    ["podman version 4.3.1", [4, 3, 1]],
    ["18.09.1", [18, 9, 1]],
    ["18.06.1-ce", [18, 6, 1]],
    ["29.0.0-rc.1", [29, 0, 0]],
    ["5.0", [5, 0, 0]],
    ["v25.0.3", [25, 0, 3]],
    ["1.41", [1, 41, 0]]
  ])("parses the version %s", (text, expected) => {
    deepStrictEqual(parts(text), Option.some(expected))
  })

  it("keeps the original text of a version", () => {
    const text = Option.map(Engine.parseVersion("Docker version 29.0.0-rc.1, build 1"), String)
    deepStrictEqual(text, Option.some("29.0.0-rc.1"))
  })

  it("rejects texts without a version", () => {
    for (const text of ["command not found", "dev", "library-import", "e6534b4", "5d6db84", "29"]) {
      deepStrictEqual(Engine.parseVersion(text), Option.none(), text)
    }
  })

  it.each([
    ["28.2.2", 29, 0, false],
    ["29.0.0-rc.1", 29, 0, true],
    ["20.10.24", 20, 10, true],
    ["20.9.9", 20, 10, false],
    ["4.3.1", 4, 0, true]
  ])("%s is at least %i.%i: %s", (text, major, minor, expected) => {
    const version = Option.getOrThrow(Engine.parseVersion(text))
    strictEqual(Engine.isAtLeast(version, major, minor), expected)
    strictEqual(Engine.isAtLeast(major, minor)(version), expected)
  })

  it("orders versions numerically", () => {
    const version = (text: string) => Option.getOrThrow(Engine.parseVersion(text))
    strictEqual(Engine.OrderVersion(version("20.9.1"), version("20.10.0")), -1)
    strictEqual(Engine.OrderVersion(version("4.3.1"), version("4.3.1")), 0)
  })
})
