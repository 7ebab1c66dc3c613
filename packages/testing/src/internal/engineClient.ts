import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type Engine, Label } from "@ociman/containers"
import { type CommandFailed, Subprocess } from "@ociman/process"
import * as Effect from "effect/Effect"

/**
 * What an engine has of a kind that a `Backend` has no operation for. An
 * engine in memory has none.
 *
 * @internal
 */
export const listNames = (
  engine: Engine.Engine,
  kind: "volume" | "network"
): Effect.Effect<ReadonlyArray<string>, CommandFailed.CommandFailed, CommandExecutor.CommandExecutor> =>
  engine.name === "memory"
    ? Effect.succeed([])
    : Effect.map(
      Subprocess.run(Command.make(engine.executable, kind, "ls", "--format", "{{.Name}}")),
      ({ stdout }) => stdout.text.split("\n").filter((name) => name !== "")
    )

/**
 * Removes what builders have kept of builds that carry a label: layers without a name.
 *
 * @internal
 */
export const pruneImages = (
  engine: Engine.Engine,
  label: Label.Equals
): Effect.Effect<void, CommandFailed.CommandFailed, CommandExecutor.CommandExecutor> =>
  engine.name === "memory"
    ? Effect.void
    : Effect.asVoid(
      Subprocess.run(
        Command.make(engine.executable, "image", "prune", "--force", "--filter", Label.formatFilter(label))
      )
    )
