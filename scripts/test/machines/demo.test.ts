import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))

const run = (file: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly error: Error | null; readonly stdout: string; readonly output: string }>((resolve) => {
    execFile(
      file,
      args,
      { cwd: root, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => resolve({ error, stdout, output: `${stdout}\n${stderr}` })
    )
  })

const demo = `
  set -e
  mkdir /root/ociman && cd /root/ociman && tar -xf "$1"
  ./scripts/demo.sh --engine all
`

describe("a minimal Debian 13", () => {
  it("installs the dependencies of the README's demo and runs it on Docker and on Podman", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ociman-demo-"))
    try {
      const checkout = join(directory, "checkout.tar")
      const packed = await run("bash", "-c", `git ls-files -z | tar --null -T - -cf "$0"`, checkout)
      assert.isNull(packed.error, packed.output)
      const { error, output, stdout } = await run(
        "scripts/engines.sh",
        "fresh",
        "--",
        "bash",
        "-c",
        demo,
        "-",
        checkout
      )
      assert.isNull(error, output)
      assert.include(stdout, "node: installing Node.js", output)
      assert.match(stdout, /^docker \d+\./m, output)
      assert.match(stdout, /^podman 5\./m, output)
      assert.strictEqual(stdout.match(/^left on the engine: nothing$/gm)?.length, 2, output)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
