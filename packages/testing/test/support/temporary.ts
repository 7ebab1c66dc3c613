import { afterAll, beforeAll, vi } from "@effect/vitest"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"

/** Sets `TMPDIR` to a directory for one test file, so that the test can find leftover files. */
export const ownTemporaryDirectory = () => {
  let directory = ""
  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/ociman-test-own-`)
    vi.stubEnv("TMPDIR", directory)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    rmSync(directory, { recursive: true, force: true })
  })
  return { names: () => readdirSync(directory) }
}
