import { afterAll, beforeAll, vi } from "@effect/vitest"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"

/** A directory for the temporary files of a test file alone, so that what it leaves can be told. */
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
