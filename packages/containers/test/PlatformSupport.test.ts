import { describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { PlatformSupport } from "@ociman/containers"
import { Effect } from "effect"
import { machine } from "./support/FakeClients.js"

const on = (system: string, settings: Record<string, string>) =>
  PlatformSupport.check.pipe(
    Effect.match({ onFailure: ({ reason }) => reason, onSuccess: () => "supported" }),
    Effect.provide(machine({ clients: { uname: { "-s": `echo ${system}` } }, settings }))
  )

describe("PlatformSupport", () => {
  it.live.each(
    [
      ["Darwin", { GITHUB_ACTIONS: "true" }, "GitHubActionsMacOs"],
      ["Linux", { GITHUB_ACTIONS: "true" }, "supported"],
      ["Darwin", { GITHUB_ACTIONS: "" }, "supported"],
      ["Darwin", {}, "supported"]
    ] as const
  )("reports %s with %j as %s", ([system, settings, expected]) =>
    Effect.gen(function*() {
      strictEqual(yield* on(system, settings), expected)
    }))

  it.live("reports an unknown system as supported", () =>
    PlatformSupport.check.pipe(Effect.provide(machine({ clients: {}, settings: { GITHUB_ACTIONS: "true" } }))))
})
