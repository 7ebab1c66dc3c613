import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"

// The options of `Subprocess`, which documents them; here to avoid a circle of imports.

/** @internal */
export interface StartOptions<out E, out R> {
  readonly stdin?: string | Uint8Array | Stream.Stream<Uint8Array, E, R> | undefined
  readonly killSignal?: CommandExecutor.Signal | undefined
  readonly killAfter?: Duration.DurationInput | undefined
  readonly onTerminate?: ((pid: CommandExecutor.ProcessId) => Effect.Effect<unknown>) | undefined
  readonly redact?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  readonly maxStderr?: number | undefined
}

/** @internal */
export interface StreamOptions<out E, out R> extends StartOptions<E, R> {
  readonly acceptExitCode?: ((exitCode: number) => boolean) | undefined
  readonly timeout?: Duration.DurationInput | undefined
}

/** @internal */
export interface RunOptions<out E, out R> extends StreamOptions<E, R> {
  readonly maxStdout?: number | undefined
}
