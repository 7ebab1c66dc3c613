import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Reads a setting, which may be empty. */
export const setting = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.orElseSucceed(Config.option(Config.string(name)), Option.none)

/** Reads a setting; none if it is empty. */
export const nonEmpty = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.map(setting(name), Option.filter((value) => value !== ""))

/** Home directory of the user; empty if unknown. */
export const home: Effect.Effect<string> = Effect.zipWith(
  nonEmpty("HOME"),
  nonEmpty("USERPROFILE"),
  (home, profile) => Option.getOrElse(Option.orElse(home, () => profile), () => "")
)

/** Value of `XDG_CONFIG_HOME`; default: `~/.config`. */
export const configHome: Effect.Effect<string> = Effect.zipWith(
  nonEmpty("XDG_CONFIG_HOME"),
  home,
  (directory, home) => Option.getOrElse(directory, () => `${home}/.config`)
)

/** Reads a text file; `None` if it does not exist. Fails with the reason if it cannot be read. */
export const readIfPresent = (path: string): Effect.Effect<Option.Option<string>, string, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed(Option.none())
    ),
    Effect.mapError((error) => error.message)
  )
