import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Credential, Tool } from "../../Credential.js"
import type { RegistryKey } from "../../Repository.js"
import * as dockerHub from "../dockerHub.js"
import { applicableKeys } from "./applicableKeys.js"

export type Json = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is Json => Predicate.isRecord(value)

/** Folds the case of a key as Go's `encoding/json` does. */
const fold = (key: string): string => key.toLowerCase().replaceAll("\u017F", "s")

/**
 * Normalizes the case of the given keys: the tools decode these files and outputs with Go, which ignores the case of
 * keys. The last one of several keys wins, and objects are merged.
 *
 * https://pkg.go.dev/encoding/json#Unmarshal
 */
export const withKeys = (value: Json, names: ReadonlyArray<string>): Json => {
  const byFolded = new Map(names.map((name) => [fold(name), name]))
  const members = new Map<string, unknown>()
  for (const [key, member] of Object.entries(value)) {
    const name = byFolded.get(fold(key)) ?? key
    const earlier = members.get(name)
    members.set(name, isJsonObject(earlier) && isJsonObject(member) ? { ...earlier, ...member } : member)
  }
  return Object.fromEntries(members)
}

/** Parses a JSON object and normalizes the given keys. The error does not contain any of the text. */
export const parseObject = (text: string, names: ReadonlyArray<string>): Either.Either<Json, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => "it is not JSON" }).pipe(
    Either.filterOrLeft(isJsonObject, () => "it is not an object"),
    Either.map((json) => withKeys(json, names))
  )

/** Parses a credentials file. Docker's legacy format has only entries, by the names of registries. */
export const parseFile = (text: string, { legacy }: { readonly legacy: boolean }): Either.Either<Json, string> =>
  parseObject(text.trim() === "" ? "{}" : text, legacy ? [] : ["auths", "credHelpers", "credsStore"])

/** Returns a section of a file; empty if it is missing. */
export const section = (file: Json, name: string): Either.Either<Json, string> => {
  const value = file[name]
  return value === undefined || value === null
    ? Either.right({})
    : isJsonObject(value)
    ? Either.right(value)
    : Either.left(`"${name}" is not an object`)
}

/**
 * Returns the host of a key, without scheme and path.
 *
 * https://gitdockerHub.com/docker/cli/blob/v28.2.2/cli/config/credentials/file_store.go
 */
export const hostOf = (key: string): string => {
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/.exec(key)
  if (url === null) return key.split("/", 1)[0] ?? key
  const [, authority = ""] = url
  if (authority === "") return `${key.slice(0, key.indexOf(":"))}:`
  const colon = authority.lastIndexOf(":")
  const address = authority.slice(0, colon)
  // An IPv6 address without its brackets.
  return address.includes("::") && !address.startsWith("[") ? `[${address}]${authority.slice(colon)}` : authority
}

/** Recognizes entries of tokens that Docker keeps beside the credentials. */
const isSideEntry = (key: string): boolean => /\/(access|refresh)-token$/.test(key)

const isUrl = (key: string): boolean => key.includes("://") || key.endsWith("/")

/** Checks if a key is the URL of a registry. */
export const isAddressOf = (key: string, host: string): boolean => {
  if (!isUrl(key) || isSideEntry(key)) return false
  const named = hostOf(key)
  return named === host || host === dockerHub.domain && dockerHub.isAlias(named)
}

/** Lists the keys of a file that apply to a registry or repository, in order of precedence. */
export const keysFor = (auths: Json, key: RegistryKey, tool: Tool): ReadonlyArray<string> => {
  const exact = applicableKeys(key).flatMap((_) => _.path === "" ? dockerHub.keysOf(_.host, tool) : [String(_)])
  const keys = [...exact, ...Object.keys(auths).filter((_) => isAddressOf(_, key.host))]
  return Array.from(new Set(keys)).filter((_) => Object.hasOwn(auths, _))
}

declare const TextDecoder: new(label: "utf-8", options: { readonly fatal: true }) => {
  readonly decode: (bytes: Uint8Array) => string
}

/** Decodes `user:password` in base64. The password may contain colons. */
export const decodeAuth = (auth: string): Either.Either<Credential["login"], string> => {
  const compact = auth.replace(/[\r\n]/g, "")
  if (compact === "") return Either.right(Option.none())
  return Encoding.decodeBase64(compact).pipe(
    Either.mapLeft(() => "\"auth\" is not base64"),
    Either.flatMap((bytes) =>
      Either.try({
        try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
        catch: () => "\"auth\" is not UTF-8"
      })
    ),
    Either.flatMap((text) => {
      const colon = text.indexOf(":")
      if (colon < 0) return Either.left("\"auth\" is not user:password")
      if (colon === 0) return Either.left("\"auth\" has no user")
      let end = text.length
      while (end > 0 && text.charCodeAt(end - 1) === 0) end--
      return Either.right(loginOf(text.slice(0, colon), text.slice(colon + 1, end)))
    })
  )
}

/** User name that marks the secret as an identity token. */
export const tokenUser = "<token>"

const loginOf = (username: string, password: string): Credential["login"] =>
  username === tokenUser ? Option.none() : Option.some({ username, password: Redacted.make(password) })

const entryKeys = ["auth", "username", "password", "identitytoken", "registrytoken"]

const textsOf = (entry: Json): Either.Either<ReadonlyMap<string, string>, string> => {
  const texts = new Map<string, string>()
  for (const name of entryKeys) {
    const value = entry[name]
    if (value === undefined || value === null || value === "") continue
    if (typeof value !== "string") return Either.left(`"${name}" is not a string`)
    texts.set(name, value)
  }
  return Either.right(texts)
}

/** Decodes an entry; none for the empty entries that Docker leaves if a helper has the secret. */
export const decodeEntry = (entry: unknown): Either.Either<Option.Option<Credential>, string> => {
  if (entry === null) return Either.right(Option.none())
  if (!isJsonObject(entry)) return Either.left("it is not an object")
  return Either.gen(function*() {
    const texts = yield* textsOf(withKeys(entry, entryKeys))
    const secret = (name: string) => Option.map(Option.fromNullable(texts.get(name)), Redacted.make)
    const username = texts.get("username")
    const fields = username === undefined ? Option.none() : loginOf(username, texts.get("password") ?? "")
    const encoded = yield* decodeAuth(texts.get("auth") ?? "")
    const credential: Credential = {
      login: texts.has("auth") ? encoded : fields,
      identityToken: secret("identitytoken"),
      registryToken: secret("registrytoken")
    }
    return isEmpty(credential) ? Option.none() : Option.some(credential)
  })
}

export const isEmpty = ({ identityToken, login, registryToken }: Credential): boolean =>
  Option.isNone(login) && Option.isNone(identityToken) && Option.isNone(registryToken)

/** Encodes an entry as Docker and Podman read it. */
export const encodeEntry = ({ identityToken, login, registryToken }: Credential): Json => ({
  ...(Option.isNone(login) && Option.isNone(identityToken) ? {} : {
    auth: Encoding.encodeBase64(Option.match(login, {
      onNone: () => `${tokenUser}:`, // Podman ignores the token of an entry without a user.
      onSome: ({ password, username }) => `${username}:${Redacted.value(password)}`
    }))
  }),
  ...(Option.isSome(identityToken) ? { identitytoken: Redacted.value(identityToken.value) } : {}),
  ...(Option.isSome(registryToken) ? { registrytoken: Redacted.value(registryToken.value) } : {})
})
