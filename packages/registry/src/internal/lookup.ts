import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Credential } from "../Credential.js"
import type { Consulted, Outcome, Source } from "../Credentials.js"
import type { RegistryKey } from "../RegistryKey.js"
import { widening } from "../RegistryKey.js"
import {
  decodeEntry,
  isJsonObject,
  type Json,
  keysFor,
  parseFile,
  parseObject,
  section,
  type Tool,
  withKeys
} from "./authFile.js"
import * as helpers from "./helper.js"
import * as hub from "./hub.js"
import type { AuthFile, Places } from "./sources.js"

export interface Lookup {
  readonly found: Option.Option<{ readonly credential: Credential; readonly source: Source }>
  readonly consulted: ReadonlyArray<Consulted>
}

interface Settings {
  readonly fs: FileSystem.FileSystem
  readonly places: Places
  readonly explicit: ReadonlyMap<string, Credential>
  readonly helperTimeout: Duration.DurationInput
}

type Note = Pick<Consulted, "outcome" | "at" | "detail">

/** What one source said: what it has, and what was noticed on the way. */
interface Answer {
  readonly credential: Option.Option<Credential>
  readonly notes: ReadonlyArray<Note>
}

const note = (outcome: Outcome, detail = "", at = ""): Note => ({
  outcome,
  at: at === "" ? Option.none() : Option.some(at),
  detail
})

const without = (...notes: ReadonlyArray<Note>): Answer => ({ credential: Option.none(), notes })

const found = (credential: Credential, at: string, earlier: ReadonlyArray<Note> = []): Answer => ({
  credential: Option.some(credential),
  notes: [...earlier, note("Found", "", at)]
})

const orElse = <R>(first: Answer, next: Effect.Effect<Answer, never, R>): Effect.Effect<Answer, never, R> =>
  Option.isSome(first.credential)
    ? Effect.succeed(first)
    : Effect.map(next, ({ credential, notes }) => ({ credential, notes: [...first.notes, ...notes] }))

const explicitly = ({ explicit }: Settings, key: RegistryKey): Answer => {
  for (const candidate of widening(key)) {
    const credential = explicit.get(String(candidate))
    if (credential !== undefined) return found(credential, String(candidate))
  }
  return without(note("NoEntry"))
}

const inAuths = (auths: Json, key: RegistryKey, tool: Tool): Answer => {
  const notes: Array<Note> = []
  for (const name of keysFor(auths, key, tool)) {
    const entry = decodeEntry(auths[name])
    if (Either.isLeft(entry)) notes.push(note("InvalidEntry", entry.left, name))
    else if (Option.isNone(entry.right)) notes.push(note("EmptyEntry", "", name))
    else return found(entry.right.value, name, notes)
  }
  return notes.length === 0 ? without(note("NoEntry")) : without(...notes)
}

const sectionsOf = (file: Json, legacy: boolean) => {
  const read = (name: string) =>
    Either.match(section(file, name), {
      onLeft: (detail) => ({ value: {}, notes: [note("Invalid", detail)] }),
      onRight: (value: Json) => ({ value, notes: [] })
    })
  const auths = legacy ? { value: file, notes: [] } : read("auths")
  const named = legacy ? { value: {}, notes: [] } : read("credHelpers")
  return { auths: auths.value, named: named.value, notes: [...auths.notes, ...named.notes] }
}

/**
 * The helper that a file names for a registry, if it does. An empty name is that of the file itself. It is named by the
 * exact key of the tool, never by another name of the registry.
 */
export const helperNamed = (named: Json, host: string, tool: Tool) => {
  for (const server of hub.helperKeysOf(host, tool)) {
    const name = Object.hasOwn(named, server) ? named[server] : undefined
    if (typeof name === "string") return Option.some({ name, server })
  }
  return Option.none()
}

/** The helper that has what no other one is named for. */
export const storeOf = (file: Json, host: string) => {
  const name = file["credsStore"]
  const server = host === hub.domain ? hub.url : host
  return typeof name === "string" && name !== "" ? Option.some({ name, server }) : Option.none()
}

const ask = ({ name, server }: { readonly name: string; readonly server: string }, timeout: Duration.DurationInput) => {
  const at = `docker-credential-${name}`
  return helpers.get(name, server, timeout).pipe(
    Effect.map(Option.match({
      onNone: () => without(note("NoEntry", "", at)),
      onSome: (credential) => found(credential, at)
    })),
    Effect.catchAll(({ detail, reason }) => Effect.succeed(without(note(reason, detail, at))))
  )
}

/** In a file a helper is asked before the entries; one that is named for the registry and has nothing ends the search. */
const inFile = (
  settings: Settings,
  file: Json,
  key: RegistryKey,
  { legacy, tool }: Pick<AuthFile, "legacy" | "tool">
): Effect.Effect<Answer, never, CommandExecutor.CommandExecutor> => {
  const { auths, named, notes } = sectionsOf(file, legacy)
  const entries = Effect.sync(() => inAuths(auths, key, tool))
  const helper = legacy ? Option.none() : helperNamed(named, key.host, tool)
  const store = legacy || Option.isSome(helper) ? Option.none() : storeOf(file, key.host)
  const answer = Option.match(Option.filter(Option.orElse(helper, () => store), ({ name }) => name !== ""), {
    onNone: () => entries,
    onSome: (asked) =>
      Effect.flatMap(
        ask(asked, settings.helperTimeout),
        (first) =>
          Option.isSome(helper) && first.notes.some(({ outcome }) => outcome === "NoEntry")
            ? Effect.succeed(first)
            : orElse(first, entries)
      )
  })
  return Effect.map(answer, (_) => ({ ..._, notes: [...notes, ..._.notes] }))
}

const fromFile = (settings: Settings, key: RegistryKey, file: AuthFile) =>
  settings.fs.readFileString(file.path).pipe(
    Effect.map((text) => parseFile(text, file)),
    Effect.flatMap(Either.match({
      onLeft: (detail) => Effect.succeed(without(note("Invalid", detail))),
      onRight: (json) => inFile(settings, json, key, file)
    })),
    Effect.catchAll((error) =>
      Effect.succeed(
        error._tag === "SystemError" && error.reason === "NotFound"
          ? without(note("Absent"))
          : without(note("Unreadable", error.message))
      )
    )
  )

/** Docker takes the variable only if it has nothing but `auth` in entries of `auths`. */
const strictly = (text: string): Either.Either<Json, string> =>
  Either.filterOrLeft(
    parseObject(text, ["auths"]),
    (json) =>
      Object.entries(json).every(([name, value]) => name === "auths" && isJsonObject(value)) &&
      Object.values(json["auths"] ?? {}).every((entry) =>
        isJsonObject(entry) && Object.keys(withKeys(entry, ["auth"])).every((name) => name === "auth")
      ),
    () => "it has more than \"auth\" in entries of \"auths\""
  )

const fromVariable = (settings: Settings, key: RegistryKey): Effect.Effect<Answer> =>
  Effect.sync(() =>
    Option.match(settings.places.variable, {
      onNone: () => without(note("Absent")),
      onSome: (text) =>
        Either.match(strictly(Redacted.value(text)), {
          onLeft: (detail) => without(note("Invalid", detail)),
          onRight: (json) => inAuths(sectionsOf(json, false).auths, key, "docker")
        })
    })
  )

/** Asks one source after the other until one has something. */
export const lookup = Effect.fnUntraced(function*(settings: Settings, key: RegistryKey) {
  const { first, then } = settings.places
  type Step = readonly [Source, Effect.Effect<Answer, never, CommandExecutor.CommandExecutor>]
  const files = (list: ReadonlyArray<AuthFile>) =>
    list.map((file): Step => [{ _tag: "File", tool: file.tool, path: file.path }, fromFile(settings, key, file)])
  const steps: ReadonlyArray<Step> = [
    [{ _tag: "Explicit" }, Effect.sync(() => explicitly(settings, key))],
    ...files(first),
    [{ _tag: "Variable", name: "DOCKER_AUTH_CONFIG" }, fromVariable(settings, key)],
    ...files(then)
  ]
  const consulted: Array<Consulted> = []
  for (const [source, step] of steps) {
    const { credential, notes } = yield* step
    for (const one of notes) consulted.push({ source, ...one })
    if (Option.isSome(credential)) {
      return { found: Option.some({ credential: credential.value, source }), consulted } satisfies Lookup
    }
  }
  return { found: Option.none(), consulted } satisfies Lookup
})
