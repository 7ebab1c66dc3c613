import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Tool } from "./authFile.js"

/** A file with credentials, in the format of a tool. */
export interface AuthFile {
  readonly _tag: "File"
  readonly tool: Tool
  readonly path: string
  /** Docker's oldest format, whose entries are at the top. */
  readonly legacy: boolean
}

export interface Places {
  /** Where to look, in this order, before and after the variable's value. */
  readonly first: ReadonlyArray<AuthFile>
  readonly variable: Option.Option<Redacted.Redacted<string>>
  readonly then: ReadonlyArray<AuthFile>
  /** Where each tool's login goes. */
  readonly written: (tool: Tool) => Option.Option<AuthFile>
}

const setting = (name: string) =>
  Effect.map(
    Effect.orElseSucceed(Config.option(Config.string(name)), Option.none<string>),
    Option.filter((text) => text !== "")
  )

/** Only Linux has directories that are emptied when a user leaves, and tells programs here who they are for. */
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
export const places = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, path: Path.Path) {
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

  const result: Places = {
    first: Option.toArray(file("podman", only)),
    variable: yield* Effect.orElseSucceed(
      Config.option(Config.redacted(Config.nonEmptyString("DOCKER_AUTH_CONFIG"))),
      Option.none
    ),
    then: [
      file("podman", runtimeAuth),
      file("podman", configAuth),
      file("docker", below(dockerHome, "config.json")),
      file("docker", below(home, ".dockercfg"), true),
      file("ocipkg", ownRuntime),
      file("ocipkg", ownHome)
    ].flatMap(Option.toArray),
    written: (tool) => {
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
