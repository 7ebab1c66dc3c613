/**
 * Whether there can be a container engine where a program runs, for tests that
 * have to know before they look for one.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * There is no container engine here, and there will be none.
 *
 * @since 0.1.0
 * @category errors
 */
export class PlatformUnsupported
  extends Schema.TaggedError<PlatformUnsupported>("@ociman/containers/PlatformSupport/PlatformUnsupported")(
    "PlatformUnsupported",
    {
      /** `GitHubActionsMacOs`: the macOS machines of GitHub Actions run no virtual machine, which an engine needs there. */
      reason: Schema.Literal("GitHubActionsMacOs")
    }
  )
{
  /**
   * @since 0.1.0
   */
  override get message() {
    return "No container engine runs on the macOS machines of GitHub Actions; use a Linux machine."
  }
}

/**
 * Fails where no engine can be: on macOS, as `uname` says, under GitHub
 * Actions, which sets `GITHUB_ACTIONS`.
 *
 * @since 0.1.0
 * @category assertions
 */
export const check: Effect.Effect<void, PlatformUnsupported, CommandExecutor.CommandExecutor> = Effect.gen(function*() {
  const isOnActions = yield* Effect.isSuccess(Config.nonEmptyString("GITHUB_ACTIONS"))
  if (!isOnActions) return
  const system = yield* Subprocess.run(Command.make("uname", "-s"), { timeout: "10 seconds" }).pipe(
    Effect.map(({ stdout }) => stdout.text.trim()),
    Effect.orElseSucceed(() => "")
  )
  if (system === "Darwin") return yield* new PlatformUnsupported({ reason: "GitHubActionsMacOs" })
})
