import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Credential from "../Credential.js"
import type { Stored } from "../Credentials.js"
import { CredentialsError } from "../RegistryError.js"
import type { RegistryKey } from "../RegistryKey.js"
import { encodeEntry, isAddressOf, isEmpty, type Json, parseFile, section, tokenUser, type Tool } from "./authFile.js"
import { alone, replace } from "./durableFile.js"
import * as exactJson from "./exactJson.js"
import * as helpers from "./helper.js"
import * as hub from "./hub.js"
import { helperNamed, storeOf } from "./lookup.js"
import type { Places } from "./sources.js"

interface Settings {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  readonly places: Places
  readonly helperTimeout: Duration.DurationInput
}

type Operation = CredentialsError["operation"]

const fail = (
  operation: Operation,
  key: RegistryKey,
  reason: CredentialsError["reason"],
  detail: string,
  cause?: unknown
) => new CredentialsError({ operation, key: String(key), reason, detail, ...(cause === undefined ? {} : { cause }) })

/** The file of a tool as it is now, and the helper that it names for a registry. */
const open = Effect.fnUntraced(function*(settings: Settings, operation: Operation, key: RegistryKey, tool: Tool) {
  const file = settings.places.written(tool)
  if (Option.isNone(file)) {
    return yield* fail(operation, key, "NoPlace", `there is no place for the file of ${tool}: set HOME`)
  }
  const { path } = file.value
  const text = yield* settings.fs.readFileString(path).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed("{}")
    ),
    Effect.mapError((error) => fail(operation, key, "InvalidFile", error.message, error))
  )
  const read = Either.gen(function*() {
    const json = yield* parseFile(exactJson.protect(text), { legacy: false })
    return { path, json, auths: yield* section(json, "auths"), named: yield* section(json, "credHelpers") }
  })
  const opened = yield* Either.mapLeft(
    read,
    (detail) => fail(operation, key, "InvalidFile", `${JSON.stringify(path)} is left as it is, for ${detail}`)
  )
  const helper = Option.filter(
    Option.orElse(helperNamed(opened.named, key.host, tool), () => storeOf(opened.json, key.host)),
    ({ name }) => name !== ""
  )
  if (key.path !== "" && (Option.isSome(helper) || tool !== "podman")) {
    const keeper = Option.isSome(helper) ? "a credential helper" : `the file of ${tool}`
    return yield* fail(operation, key, "Namespaced", `${keeper} has a place for whole registries only`)
  }
  return { ...opened, helper }
})

/** Changes the entries of a file as they are by now: others may have changed them since they were looked at. */
const change = (
  settings: Settings,
  operation: Operation,
  key: RegistryKey,
  tool: Tool,
  { path }: Opened,
  edit: (auths: Json) => Json
) =>
  alone(settings.fs, settings.path, path, ({ isHeld }) =>
    Effect.gen(function*() {
      const { auths, json } = yield* open(settings, operation, key, tool)
      const text = `${exactJson.print({ ...json, auths: edit(auths) })}\n`
      if (!(yield* isHeld)) return yield* fail(operation, key, "Unwritable", "another program holds its lock by now")
      yield* replace(settings.fs, settings.path, path, text)
    })).pipe(Effect.mapError((error) =>
      error._tag === "CredentialsError" ? error : fail(operation, key, "Unwritable", error.message, error)
    ))

type Opened = Effect.Effect.Success<ReturnType<typeof open>>

/** What the tool itself calls the registry. */
const nameOf = (key: RegistryKey, tool: Tool): string =>
  tool !== "podman" && key.host === hub.domain ? hub.url : String(key)

const withEntry = (auths: Json, name: string, entry: Json): Json => ({
  ...Object.fromEntries(Object.entries(auths).filter(([other]) => other !== name)),
  [name]: entry
})

/** What a helper keeps: a name and one secret. */
const secretOf = ({ identityToken, login }: Credential.Credential): Option.Option<Credential.Login> =>
  Option.orElse(Option.map(identityToken, (password) => ({ username: tokenUser, password })), () => login)

/** Why no tool could keep it, if none could. */
export const flaw = (credential: Credential.Credential): Option.Option<string> => {
  if (isEmpty(credential)) return Option.some("it is empty")
  return Option.flatMap(credential.login, ({ password, username }) =>
    username === "" || username.includes(":")
      ? Option.some("a user name is not empty, and has no colon")
      : Redacted.value(password).endsWith("\0")
      ? Option.some("a password does not end with a NUL")
      : Option.none())
}

export const login = Effect.fnUntraced(
  function*(settings: Settings, key: RegistryKey, credential: Credential.Credential, tool: Tool) {
    const wrong = flaw(credential)
    if (Option.isSome(wrong)) return yield* fail("login", key, "InvalidCredential", wrong.value)
    const opened = yield* open(settings, "login", key, tool)
    const { auths, helper, path } = opened
    const name = nameOf(key, tool)
    const enter = (entry: Json) =>
      change(settings, "login", key, tool, opened, (auths) => withEntry(auths, name, entry))
    if (Option.isNone(helper)) {
      yield* enter(encodeEntry(credential))
      return { _tag: "File", path } satisfies Stored
    }
    const secret = secretOf(credential)
    if (Option.isNone(secret)) {
      return yield* fail("login", key, "InvalidCredential", "a credential helper keeps no token of a registry")
    }
    yield* Effect.mapError(
      helpers.store(helper.value.name, helper.value.server, secret.value, settings.helperTimeout),
      ({ detail }) => fail("login", key, "HelperFailed", detail)
    )
    // Docker notes what its helper has, and neither leaves an older secret in the file.
    if (tool === "docker" || Object.hasOwn(auths, name)) {
      yield* enter({})
    }
    return { _tag: "Helper", path, name: helper.value.name } satisfies Stored
  }
)

export const logout = Effect.fnUntraced(function*(settings: Settings, key: RegistryKey, tool: Tool) {
  const opened = yield* open(settings, "logout", key, tool)
  const { auths, helper, path } = opened
  const isOurs = (name: string) =>
    key.path === ""
      ? hub.keysOf(key.host, tool).includes(name) || isAddressOf(name, key.host)
      : name === String(key)
  const had = Object.keys(auths).some(isOurs)
  if (!had && Option.isNone(helper)) {
    return yield* fail("logout", key, "NotLoggedIn", `${JSON.stringify(path)} has none`)
  }
  if (Option.isSome(helper)) {
    yield* Effect.mapError(
      helpers.erase(helper.value.name, helper.value.server, settings.helperTimeout),
      ({ detail }) => fail("logout", key, "HelperFailed", detail)
    )
  }
  if (!had) return
  yield* change(
    settings,
    "logout",
    key,
    tool,
    opened,
    (auths) => Object.fromEntries(Object.entries(auths).filter(([name]) => !isOurs(name)))
  )
})
