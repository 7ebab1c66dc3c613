/**
 * Check for platforms on which no container engine can run, for tests that skip themselves there.
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
 * No container engine can run on this platform.
 *
 * @since 0.1.0
 * @category errors
 */
export class PlatformUnsupported
  extends Schema.TaggedError<PlatformUnsupported>("@ociman/containers/PlatformSupport/PlatformUnsupported")(
    "PlatformUnsupported",
    {
      /**
       * `GitHubActionsMacOs`: runners of GitHub Actions with macOS do not support the virtual machine that an engine
       * needs.
       */
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
 * Fails on platforms without an engine: macOS, as reported by `uname`, in GitHub Actions, which sets `GITHUB_ACTIONS`.
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
