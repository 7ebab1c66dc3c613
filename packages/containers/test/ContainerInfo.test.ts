import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as containerInfo from "../src/internal/dialect/containerInfo.js"

const answer = (state: Readonly<Record<string, unknown>>) => ({
  Id: "f".repeat(64),
  Name: "box",
  Created: "2026-01-02T03:04:05Z",
  Image: "a".repeat(64),
  ImageName: "localhost/box:1",
  Config: { Image: "localhost/box:1", Labels: null },
  State: {
    ExitCode: 0,
    OOMKilled: false,
    Error: "",
    StartedAt: "2026-01-02T03:04:06Z",
    FinishedAt: "0001-01-01T00:00:00Z",
    ...state
  },
  NetworkSettings: { Ports: {}, Networks: {} }
})

describe("the state of a container", () => {
  it.effect.each<[string, { readonly Status: string; readonly Running: boolean; readonly Paused: boolean }, boolean]>([
    ["Docker and Podman 4", { Status: "paused", Running: true, Paused: true }, true],
    ["Podman 5", { Status: "paused", Running: false, Paused: true }, true],
    ["Podman 5", { Status: "exited", Running: false, Paused: false }, false]
  ])("is decoded from the format of %s: %j", ([_, state, running]) =>
    Effect.gen(function*() {
      const info = yield* containerInfo.decode(answer(state))
      assert.deepStrictEqual([info.state.status, info.state.running], [state.Status, running])
    }))
})
