/** Storing and removing of credentials. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Credential from "../../Credential.js"
import { CredentialsError } from "../../RegistryError.js"
import type { RegistryKey } from "../../Repository.js"
import * as dockerHub from "../dockerHub.js"
import { encodeEntry, isAddressOf, isEmpty, type Json, parseFile, section, tokenUser } from "./authFile.js"
import * as exactJson from "./exactJson.js"
import * as helpers from "./helper.js"
import type { Locations } from "./locations.js"
import { replace, withLock } from "./lockedFile.js"
import { configuredHelper, defaultHelper } from "./lookup.js"

interface Settings {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  readonly locations: Locations
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

/** Reads the credentials file of a tool, and finds the helper that it configures for a registry. */
const readLoginFile = Effect.fnUntraced(
  function*(settings: Settings, operation: Operation, key: RegistryKey, tool: Credential.Tool) {
    const file = settings.locations.loginFile(tool)
    if (Option.isNone(file)) {
      return yield* fail(operation, key, "NoPlace", `the credentials file of ${tool} has no location: set HOME`)
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
      (detail) =>
        fail(
          operation,
          key,
          "InvalidFile",
          `${JSON.stringify(path)} is not a valid credentials file and is left unchanged: ${detail}`
        )
    )
    const helper = Option.filter(
      Option.orElse(configuredHelper(opened.named, key.host, tool), () => defaultHelper(opened.json, key.host)),
      ({ name }) => name !== ""
    )
    if (key.path !== "" && (Option.isSome(helper) || tool !== "podman")) {
      const target = Option.isSome(helper) ? "a credential helper" : `the file of ${tool}`
      return yield* fail(operation, key, "Namespaced", `${target} stores credentials of whole registries only`)
    }
    return { ...opened, helper }
  }
)

/** Updates the entries of a file. Reads it again under the lock, since other programs may have changed it. */
const updateEntries = (
  settings: Settings,
  operation: Operation,
  key: RegistryKey,
  tool: Credential.Tool,
  { path }: LoginFile,
  edit: (auths: Json) => Json
) =>
  withLock(settings.fs, settings.path, path, ({ isHeld }) =>
    Effect.gen(function*() {
      const { auths, json } = yield* readLoginFile(settings, operation, key, tool)
      const text = `${exactJson.print({ ...json, auths: edit(auths) })}\n`
      if (!(yield* isHeld)) return yield* fail(operation, key, "Unwritable", "another program has taken over its lock")
      yield* replace(settings.fs, settings.path, path, text)
    })).pipe(Effect.mapError((error) =>
      error._tag === "CredentialsError" ? error : fail(operation, key, "Unwritable", error.message, error)
    ))

type LoginFile = Effect.Effect.Success<ReturnType<typeof readLoginFile>>

/** Returns the key that the tool itself uses. */
const entryName = (key: RegistryKey, tool: Credential.Tool): string =>
  tool !== "podman" && key.host === dockerHub.domain ? dockerHub.url : String(key)

const withEntry = (auths: Json, name: string, entry: Json): Json => ({
  ...Object.fromEntries(Object.entries(auths).filter(([other]) => other !== name)),
  [name]: entry
})

/** Returns the user name and secret for a helper. */
const secretOf = ({ identityToken, login }: Credential.Credential): Option.Option<Credential.Login> =>
  Option.orElse(Option.map(identityToken, (password) => ({ username: tokenUser, password })), () => login)

/** Returns why no tool can represent the credential, if so. */
export const validate = (credential: Credential.Credential): Option.Option<string> => {
  if (isEmpty(credential)) return Option.some("it is empty")
  return Option.flatMap(credential.login, ({ password, username }) =>
    username === "" || username.includes(":")
      ? Option.some("the user name is empty or contains a colon")
      : Redacted.value(password).endsWith("\0")
      ? Option.some("the password ends with a NUL")
      : Option.none())
}

export const login = Effect.fnUntraced(
  function*(settings: Settings, key: RegistryKey, credential: Credential.Credential, tool: Credential.Tool) {
    const problem = validate(credential)
    if (Option.isSome(problem)) return yield* fail("login", key, "InvalidCredential", problem.value)
    const opened = yield* readLoginFile(settings, "login", key, tool)
    const { auths, helper, path } = opened
    const name = entryName(key, tool)
    const setEntry = (entry: Json) =>
      updateEntries(settings, "login", key, tool, opened, (auths) => withEntry(auths, name, entry))
    if (Option.isNone(helper)) {
      yield* setEntry(encodeEntry(credential))
      return { _tag: "File", path } as const
    }
    const secret = secretOf(credential)
    if (Option.isNone(secret)) {
      return yield* fail("login", key, "InvalidCredential", "a credential helper cannot store a registry token")
    }
    yield* Effect.mapError(
      helpers.store(helper.value.name, helper.value.server, secret.value, settings.helperTimeout),
      ({ detail }) => fail("login", key, "HelperFailed", detail)
    )
    // Docker lists the entries of its helper; neither tool leaves an older secret in the file.
    if (tool === "docker" || Object.hasOwn(auths, name)) {
      yield* setEntry({})
    }
    return { _tag: "Helper", path, name: helper.value.name } as const
  }
)

export const logout = Effect.fnUntraced(function*(settings: Settings, key: RegistryKey, tool: Credential.Tool) {
  const opened = yield* readLoginFile(settings, "logout", key, tool)
  const { auths, helper, path } = opened
  const isEntryOf = (name: string) =>
    key.path === ""
      ? dockerHub.keysOf(key.host, tool).includes(name) || isAddressOf(name, key.host)
      : name === String(key)
  const had = Object.keys(auths).some(isEntryOf)
  if (!had && Option.isNone(helper)) {
    return yield* fail("logout", key, "NotLoggedIn", `${JSON.stringify(path)} has no entry for it`)
  }
  if (Option.isSome(helper)) {
    yield* Effect.mapError(
      helpers.erase(helper.value.name, helper.value.server, settings.helperTimeout),
      ({ detail }) => fail("logout", key, "HelperFailed", detail)
    )
  }
  if (!had) return
  yield* updateEntries(
    settings,
    "logout",
    key,
    tool,
    opened,
    (auths) => Object.fromEntries(Object.entries(auths).filter(([name]) => !isEntryOf(name)))
  )
})
