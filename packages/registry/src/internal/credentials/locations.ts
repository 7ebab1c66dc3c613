/** Locations of credentials on this machine. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Tool } from "../../Credential.js"

/** A credentials file of a tool. */
export interface AuthFile {
  readonly _tag: "File"
  readonly tool: Tool
  readonly path: string
  /** If true, the file has Docker's legacy format, with entries at the top level. */
  readonly legacy: boolean
}

export interface Locations {
  /** Files with precedence over the variable, in order. */
  readonly beforeVariable: ReadonlyArray<AuthFile>
  /** Value of `DOCKER_AUTH_CONFIG`. */
  readonly variable: Option.Option<Redacted.Redacted<string>>
  /** Files after the variable, in order. */
  readonly afterVariable: ReadonlyArray<AuthFile>
  /** Returns the file in which a tool stores credentials. */
  readonly loginFile: (tool: Tool) => Option.Option<AuthFile>
}

const setting = (name: string) =>
  Effect.map(
    Effect.orElseSucceed(Config.option(Config.string(name)), Option.none<string>),
    Option.filter((text) => text !== "")
  )

/** Finds the user's runtime directory. Only Linux has them; the user id comes from `/proc`. */
const runtimeDirectory = (fs: FileSystem.FileSystem) =>
  Effect.flatMap(setting("XDG_RUNTIME_DIR"), (given) =>
    fs.readFileString("/proc/self/status").pipe(
      Effect.map((status) => Option.fromNullable(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1])),
      Effect.map(
        Option.map((uid) => ({ given, forContainers: Option.getOrElse(given, () => `/run/containers/${uid}`) }))
      ),
      Effect.orElseSucceed(() => Option.none<{ given: Option.Option<string>; forContainers: string }>())
    ))

/** https://github.com/containers/image/blob/v5.36.1/docs/containers-auth.json.5.md */
export const find = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, path: Path.Path) {
  const home = Option.firstSomeOf([yield* setting("HOME"), yield* setting("USERPROFILE")])
  const only = yield* setting("REGISTRY_AUTH_FILE")
  const configHome = Option.orElse(yield* setting("XDG_CONFIG_HOME"), () => below(home, ".config"))
  const dockerHome = Option.orElse(yield* setting("DOCKER_CONFIG"), () => below(home, ".docker"))
  const runtime = yield* runtimeDirectory(fs)

  function below(directory: Option.Option<string>, ...names: ReadonlyArray<string>) {
    return Option.map(directory, (_) => path.join(_, ...names))
  }
  const file = (tool: Tool, location: Option.Option<string>, legacy = false) =>
    Option.map(location, (path): AuthFile => ({ _tag: "File", tool, path, legacy }))

  const runtimeAuth = Option.map(
    runtime,
    ({ forContainers, given }) =>
      Option.isSome(given) ? path.join(forContainers, "containers", "auth.json") : path.join(forContainers, "auth.json")
  )
  const configAuth = below(configHome, "containers", "auth.json")
  const ownRuntime = below(Option.flatMap(runtime, ({ given }) => given), "ocipkg", "auth.json")
  const ownHome = below(home, ".ocipkg", "config.json")

  const result: Locations = {
    beforeVariable: Option.toArray(file("podman", only)),
    variable: yield* Effect.orElseSucceed(
      Config.option(Config.redacted(Config.nonEmptyString("DOCKER_AUTH_CONFIG"))),
      Option.none
    ),
    afterVariable: [
      file("podman", runtimeAuth),
      file("podman", configAuth),
      file("docker", below(dockerHome, "config.json")),
      file("docker", below(home, ".dockercfg"), true),
      file("ocipkg", ownRuntime),
      file("ocipkg", ownHome)
    ].flatMap(Option.toArray),
    loginFile: (tool) => {
      switch (tool) {
        case "podman":
          return file(tool, Option.firstSomeOf([only, runtimeAuth, configAuth]))
        case "docker":
          return file(tool, below(dockerHome, "config.json"))
        case "ocipkg":
          return file(tool, Option.firstSomeOf([ownRuntime, ownHome]))
      }
    }
  }
  return result
})
