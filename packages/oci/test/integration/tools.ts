import { Command } from "@effect/platform"
import { Subprocess } from "@ociman/process"
import { Effect } from "effect"

export const output = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.map(Subprocess.run(Command.make(command, ...args)), ({ stdout }) => stdout.text)

export const skopeo = (...args: ReadonlyArray<string>) => output("skopeo", "--insecure-policy", ...args)

export const newName = () => `localhost/ociman-test-${process.pid}-${Math.floor(Math.random() * 1e9)}:v1`
