import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Credential } from "../Credential.js"
import type { RegistryKey } from "../RegistryKey.js"
import { widening } from "../RegistryKey.js"
import * as hub from "./hub.js"

export type Tool = "docker" | "podman" | "ocipkg"

export type Json = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is Json => Predicate.isRecord(value)

/** A key without its case, by the rule of Go's `encoding/json`. */
const fold = (key: string): string => key.toLowerCase().replaceAll("\u017F", "s")

/**
 * The same object with these keys as they are written here, in whatever case it has them: what decodes these files and
 * answers elsewhere is Go, which takes any. Of several the last one counts, and objects are merged.
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

/** The object that a text of JSON is, with these keys; the reason for which it is none has nothing of the text in it. */
export const parseObject = (text: string, names: ReadonlyArray<string>): Either.Either<Json, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => "it is not JSON" }).pipe(
    Either.filterOrLeft(isJsonObject, () => "it is not an object"),
    Either.map((json) => withKeys(json, names))
  )

/** A file with credentials. Docker's oldest format has nothing but entries, by the names of registries. */
export const parseFile = (text: string, { legacy }: { readonly legacy: boolean }): Either.Either<Json, string> =>
  parseObject(text.trim() === "" ? "{}" : text, legacy ? [] : ["auths", "credHelpers", "credsStore"])

/** A part of a file that is an object, if it is there at all. */
export const section = (file: Json, name: string): Either.Either<Json, string> => {
  const value = file[name]
  return value === undefined || value === null
    ? Either.right({})
    : isJsonObject(value)
    ? Either.right(value)
    : Either.left(`"${name}" is not an object`)
}

/**
 * The registry that a key stands for, without scheme and path.
 *
 * https://github.com/docker/cli/blob/v28.2.2/cli/config/credentials/file_store.go
 */
export const hostOf = (key: string): string => {
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/.exec(key)
  if (url === null) return key.split("/", 1)[0] ?? key
  const [, authority = ""] = url
  if (authority === "") return `${key.slice(0, key.indexOf(":"))}:`
  const colon = authority.lastIndexOf(":")
  const address = authority.slice(0, colon)
  // An IPv6 address that somebody forgot to put into brackets.
  return address.includes("::") && !address.startsWith("[") ? `[${address}]${authority.slice(colon)}` : authority
}

/** Docker keeps tokens of its own beside the credentials. */
const isSideEntry = (key: string): boolean => /\/(access|refresh)-token$/.test(key)

const isUrl = (key: string): boolean => key.includes("://") || key.endsWith("/")

/** Whether a key is that of a whole registry, written as an address. */
export const isAddressOf = (key: string, host: string): boolean => {
  if (!isUrl(key) || isSideEntry(key)) return false
  const named = hostOf(key)
  return named === host || host === hub.domain && hub.isAlias(named)
}

/** The keys of a file that are for a registry or a repository, the best one first. */
export const keysFor = (auths: Json, key: RegistryKey, tool: Tool): ReadonlyArray<string> => {
  const exact = widening(key).flatMap((_) => _.path === "" ? hub.keysOf(_.host, tool) : [String(_)])
  const keys = [...exact, ...Object.keys(auths).filter((_) => isAddressOf(_, key.host))]
  return Array.from(new Set(keys)).filter((_) => Object.hasOwn(auths, _))
}

declare const TextDecoder: new(label: "utf-8", options: { readonly fatal: true }) => {
  readonly decode: (bytes: Uint8Array) => string
}

/** `user:password`, in which only the password may have colons. */
export const decodeAuth = (auth: string): Either.Either<Credential["login"], string> => {
  const compact = auth.replace(/[\r\n]/g, "")
  if (compact === "") return Either.right(Option.none())
  return Encoding.decodeBase64(compact).pipe(
    Either.mapLeft(() => "\"auth\" is not base64"),
    Either.flatMap((bytes) =>
      Either.try({
        try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
        catch: () => "\"auth\" is not text"
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

/** What stands for a user where the secret is an identity token. */
export const tokenUser = "<token>"

const loginOf = (username: string, password: string): Credential["login"] =>
  username === tokenUser ? Option.none() : Option.some({ username, password: Redacted.make(password) })

const entryKeys = ["auth", "username", "password", "identitytoken", "registrytoken"]

const textsOf = (entry: Json): Either.Either<ReadonlyMap<string, string>, string> => {
  const texts = new Map<string, string>()
  for (const name of entryKeys) {
    const value = entry[name]
    if (value === undefined || value === null || value === "") continue
    if (typeof value !== "string") return Either.left(`"${name}" is not a text`)
    texts.set(name, value)
  }
  return Either.right(texts)
}

/** What an entry has; nothing for the empty ones that Docker leaves where a helper has the secret. */
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

/** An entry as Docker and Podman read it. */
export const encodeEntry = ({ identityToken, login, registryToken }: Credential): Json => ({
  ...(Option.isNone(login) && Option.isNone(identityToken) ? {} : {
    auth: Encoding.encodeBase64(Option.match(login, {
      onNone: () => `${tokenUser}:`, // Podman takes no token of an entry without a user.
      onSome: ({ password, username }) => `${username}:${Redacted.value(password)}`
    }))
  }),
  ...(Option.isSome(identityToken) ? { identitytoken: Redacted.value(identityToken.value) } : {}),
  ...(Option.isSome(registryToken) ? { registrytoken: Redacted.value(registryToken.value) } : {})
})
