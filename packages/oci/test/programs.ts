import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Starts a program of `programs`, which is killed when the scope closes. */
export const program = (name: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [
        "--conditions=@ociman/source",
        "--import",
        "tsx",
        fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url)),
        ...args
      ], { stdio: ["ignore", "pipe", "inherit"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

export const ended = (child: ChildProcess) =>
  Effect.async<number | null>((resume) => {
    child.on("exit", (code) => resume(Effect.succeed(code)))
  })

export const ready = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    child.stdout?.once("data", () => resume(Effect.void))
  })
