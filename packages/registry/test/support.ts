import { Command, CommandExecutor, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { type Credential, Credentials } from "@ociman/registry"
import { ConfigProvider, Effect, Layer, Option, Redacted } from "effect"

/** A resolved credential in plain text. */
export const plain = (found: Option.Option<Credential.Found>): Record<string, string> =>
  Option.match(found, {
    onNone: () => ({}),
    onSome: ({ credential: { identityToken, login, registryToken } }) => ({
      ...(Option.isSome(login)
        ? { username: login.value.username, password: Redacted.value(login.value.password) }
        : {}),
      ...(Option.isSome(identityToken) ? { identitytoken: Redacted.value(identityToken.value) } : {}),
      ...(Option.isSome(registryToken) ? { registrytoken: Redacted.value(registryToken.value) } : {})
    })
  })

export const basic = (username: string, password: string) => Buffer.from(`${username}:${password}`).toString("base64")

/** Sets `PATH` for child processes only. */
const searching = (directory: string) =>
  Layer.effect(
    CommandExecutor.CommandExecutor,
    Effect.map(CommandExecutor.CommandExecutor, (executor) =>
      CommandExecutor.makeExecutor((command) =>
        executor.start(Command.env(command, { PATH: `${directory}:/usr/bin:/bin` }))
      ))
  )

export interface Home {
  readonly directory: string
  /** An environment with this home, and nothing of the one that the tests run in. */
  readonly credentials: (
    variables?: Readonly<Record<string, string>>,
    options?: Credentials.Options
  ) => Layer.Layer<Credentials.Credentials>
  readonly write: (path: string, content: unknown) => Effect.Effect<void>
  readonly read: (path: string) => Effect.Effect<string>
  readonly mode: (path: string) => Effect.Effect<string>
  /** Calls of helpers: name, action and input. */
  readonly calls: Effect.Effect<ReadonlyArray<ReadonlyArray<string>>>
  /** Installs a helper: a script with its input in `$input` and its action in `$1`. */
  readonly helper: (name: string, script: string) => Effect.Effect<void>
}

/** Creates a home directory that is removed with the scope. */
export const home = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-home-" })
  const at = (path: string) => `${directory}/${path}`
  const write = (path: string, content: unknown) =>
    Effect.zipRight(
      fs.makeDirectory(at(path).slice(0, at(path).lastIndexOf("/")), { recursive: true }),
      fs.writeFileString(at(path), typeof content === "string" ? content : JSON.stringify(content))
    ).pipe(Effect.orDie)
  yield* write("bin/.keep", "")
  const read = (path: string) => Effect.orDie(fs.readFileString(at(path)))
  const made: Home = {
    directory,
    credentials: (variables = {}, options) =>
      Credentials.layer(options).pipe(
        Layer.provide(searching(at("bin"))),
        Layer.provide(NodeContext.layer),
        Layer.provide(
          Layer.setConfigProvider(
            ConfigProvider.fromMap(
              new Map(Object.entries({ HOME: directory, XDG_RUNTIME_DIR: at("run"), ...variables }))
            )
          )
        )
      ),
    write,
    read,
    mode: (path) => Effect.orDie(Effect.map(fs.stat(at(path)), ({ mode }) => (mode & 0o777).toString(8))),
    calls: read("calls").pipe(
      Effect.catchAllCause(() => Effect.succeed("")),
      Effect.map((text) => text.split("\n").filter((line) => line !== "").map((line) => line.split("\t")))
    ),
    helper: (name, script) =>
      write(
        `bin/docker-credential-${name}`,
        `#!/bin/sh\ninput=$(cat)\nprintf '%s\\t%s\\t%s\\n' '${name}' "$1" "$input" >>'${at("calls")}'\n${script}\n`
      ).pipe(Effect.zipRight(Effect.orDie(fs.chmod(at(`bin/docker-credential-${name}`), 0o755))))
  }
  return made
})

export const answer = (username: string, secret: string) =>
  `printf '%s' '${JSON.stringify({ ServerURL: "", Username: username, Secret: secret })}'`

export const notFound = "echo 'credentials not found in native keychain'; exit 1"
