import { describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { DateTime, Either, Option } from "effect"
import { decode } from "../../src/internal/dialect/volumeInfo.js"

const answer = { Name: "data", Driver: "local", Mountpoint: "/mnt", Labels: null, Options: null }

const created = (CreatedAt: string | null | undefined) => Either.getOrThrow(decode({ ...answer, CreatedAt })).created

describe("the decoder of volumes", () => {
  it("reads the creation time of a volume", () => {
    assertSome(Option.map(created("2026-11-29T03:04:05Z"), DateTime.formatIso), "2026-11-29T03:04:05.000Z")
  })

  it.each([undefined, null, "", "0001-01-01T00:00:00Z"])("has no creation time if the engine reports %j", (text) => {
    assertNone(created(text))
  })

  it("takes null for no labels and no options", () => {
    const { driverOptions, labels } = Either.getOrThrow(decode(answer))
    deepStrictEqual([labels, driverOptions], [{}, {}])
  })
})
