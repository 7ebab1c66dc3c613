import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Engine from "@ociman/containers/Engine"
import * as Label from "@ociman/containers/Label"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Returns the command line client of an engine that is not in memory. */
export const clientOf = (engine: Engine.Engine): Engine.Cli => Option.getOrThrow(Engine.client(engine))

/**
 * Names of all volumes or networks of an engine, by its command line client.
 * Empty for an engine in memory.
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
      Subprocess.run(Command.make(clientOf(engine).executable, kind, "ls", "--format", "{{.Name}}")),
      ({ stdout }) => stdout.text.split("\n").filter((name) => name !== "")
    )

const output = (engine: Engine.Engine, ...args: ReadonlyArray<string>) =>
  Effect.map(Subprocess.run(Command.make(clientOf(engine).executable, ...args)), ({ stdout }) => stdout.text)

/**
 * Reports whether BuildKit builds images. Clients of Docker 23 (API 1.42) and later need the buildx plugin for it;
 * older clients use the BuildKit of the engine if that supports API 1.42.
 */
export const hasBuildKit = (
  engine: Engine.Engine
): Effect.Effect<boolean, never, CommandExecutor.CommandExecutor> => {
  if (engine.name !== "docker") return Effect.succeed(false)
  return Engine.isAtLeast(clientOf(engine).apiVersion, 1, 42)
    ? Effect.isSuccess(output(engine, "buildx", "version"))
    : Effect.succeed(Engine.isAtLeast(engine.apiVersion, 1, 42))
}

/**
 * Reports whether Docker keeps images in a containerd image store.
 */
export const hasContainerdStore = (
  engine: Engine.Engine
): Effect.Effect<boolean, CommandFailed.CommandFailed, CommandExecutor.CommandExecutor> =>
  engine.name === "docker"
    ? Effect.map(
      output(engine, "info", "--format", "{{json .DriverStatus}}"),
      (status) => status.includes("io.containerd.snapshotter")
    )
    : Effect.succeed(false)

/**
 * Removes unnamed images that builders cached for builds with the given label.
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
        Command.make(clientOf(engine).executable, "image", "prune", "--force", "--filter", Label.formatFilter(label))
      )
    )
