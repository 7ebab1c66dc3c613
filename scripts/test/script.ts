import { spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  /** Standard output and standard error. */
  readonly output: string
}

/** Runs a script of this repository. Vitest fails if a test blocks its worker for a minute, as a synchronous call may. */
export const runScript = (script: string, ...args: ReadonlyArray<string>): Promise<Ran> =>
  runScriptWith({}, script, ...args)

/** Runs a script with additional environment variables. */
export const runScriptWith = (
  variables: Readonly<Record<string, string>>,
  script: string,
  ...args: ReadonlyArray<string>
): Promise<Ran> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [join(root, "scripts", script), ...args], {
      env: { ...process.env, ...variables }
    })
    let stdout = ""
    let output = ""
    child.stdout.on("data", (chunk) => {
      stdout += chunk
      output += chunk
    })
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (status) => done({ status, stdout, output }))
  })
