import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A setting, also one that is there and empty. */
export const setting = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.orElseSucceed(Config.option(Config.string(name)), Option.none)

/** A setting, where an empty one is none. */
export const nonEmpty = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.map(setting(name), Option.filter((value) => value !== ""))

/** The user's own directory; empty where there is none. */
export const home: Effect.Effect<string> = Effect.zipWith(
  nonEmpty("HOME"),
  nonEmpty("USERPROFILE"),
  (home, profile) => Option.getOrElse(Option.orElse(home, () => profile), () => "")
)

/** `XDG_CONFIG_HOME`, by default `~/.config`. */
export const configHome: Effect.Effect<string> = Effect.zipWith(
  nonEmpty("XDG_CONFIG_HOME"),
  home,
  (directory, home) => Option.getOrElse(directory, () => `${home}/.config`)
)

/** The text of a file; `None` if there is none. Fails with why it cannot be read. */
export const readIfPresent = (path: string): Effect.Effect<Option.Option<string>, string, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed(Option.none())
    ),
    Effect.mapError((error) => error.message)
  )
