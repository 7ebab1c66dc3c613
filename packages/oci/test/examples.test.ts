import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

describe("The example that packs files", () => {
  it("runs without any installed program", () => {
    const path = fileURLToPath(new URL("../examples/pack.ts", import.meta.url))
    const run = spawnSync(process.execPath, ["--conditions=@ociman/source", "--import", "tsx", path], {
      env: { PATH: "/nowhere" },
      encoding: "utf8"
    })
    assert.strictEqual(run.stderr, "")
    const [digest, files, same, unpacked] = run.stdout.trim().split("\n")
    assert.match(digest ?? "", /^sha256:[0-9a-f]{64}$/)
    assert.strictEqual(same, "true")
    assert.include(files ?? "", "pack.ts")
    assert.strictEqual(unpacked, files)
  }, 60_000)
})
