/** Lookup of credentials. */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Consulted, Credential, Outcome, Source, Tool } from "../../Credential.js"
import type { RegistryKey } from "../../Repository.js"
import * as dockerHub from "../dockerHub.js"
import { applicableKeys } from "./applicableKeys.js"
import { decodeEntry, isJsonObject, type Json, keysFor, parseFile, parseObject, section, withKeys } from "./authFile.js"
import * as helpers from "./helper.js"
import type { AuthFile, Locations } from "./locations.js"

export interface Lookup {
  readonly found: Option.Option<{ readonly credential: Credential; readonly source: Source }>
  readonly consulted: ReadonlyArray<Consulted>
}

interface Settings {
  readonly fs: FileSystem.FileSystem
  readonly locations: Locations
  readonly explicit: ReadonlyMap<string, Credential>
  readonly helperTimeout: Duration.DurationInput
}

type Step = Pick<Consulted, "outcome" | "at" | "detail">

/** Result of consulting a source: its credential, and the steps to it. */
interface SourceResult {
  readonly credential: Option.Option<Credential>
  readonly steps: ReadonlyArray<Step>
}

const step = (outcome: Outcome, detail = "", at = ""): Step => ({
  outcome,
  at: at === "" ? Option.none() : Option.some(at),
  detail
})

const notFound = (...steps: ReadonlyArray<Step>): SourceResult => ({ credential: Option.none(), steps })

const found = (credential: Credential, at: string, earlier: ReadonlyArray<Step> = []): SourceResult => ({
  credential: Option.some(credential),
  steps: [...earlier, step("Found", "", at)]
})

const orElse = <R>(
  first: SourceResult,
  next: Effect.Effect<SourceResult, never, R>
): Effect.Effect<SourceResult, never, R> =>
  Option.isSome(first.credential)
    ? Effect.succeed(first)
    : Effect.map(next, ({ credential, steps }) => ({ credential, steps: [...first.steps, ...steps] }))

const fromExplicit = ({ explicit }: Settings, key: RegistryKey): SourceResult => {
  for (const candidate of applicableKeys(key)) {
    const credential = explicit.get(String(candidate))
    if (credential !== undefined) return found(credential, String(candidate))
  }
  return notFound(step("NoEntry"))
}

const fromEntries = (auths: Json, key: RegistryKey, tool: Tool): SourceResult => {
  const steps: Array<Step> = []
  for (const name of keysFor(auths, key, tool)) {
    const entry = decodeEntry(auths[name])
    if (Either.isLeft(entry)) steps.push(step("InvalidEntry", entry.left, name))
    else if (Option.isNone(entry.right)) steps.push(step("EmptyEntry", "", name))
    else return found(entry.right.value, name, steps)
  }
  return steps.length === 0 ? notFound(step("NoEntry")) : notFound(...steps)
}

const sectionsOf = (file: Json, legacy: boolean) => {
  const read = (name: string) =>
    Either.match(section(file, name), {
      onLeft: (detail) => ({ value: {}, steps: [step("Invalid", detail)] }),
      onRight: (value: Json) => ({ value, steps: [] })
    })
  const auths = legacy ? { value: file, steps: [] } : read("auths")
  const named = legacy ? { value: {}, steps: [] } : read("credHelpers")
  return { auths: auths.value, named: named.value, steps: [...auths.steps, ...named.steps] }
}

/**
 * Returns the helper that a file configures for a registry. An empty name stands for the entries of the file. Only the
 * exact keys of the tool count, not other aliases of the registry.
 */
export const configuredHelper = (named: Json, host: string, tool: Tool) => {
  for (const server of dockerHub.helperKeysOf(host, tool)) {
    const name = Object.hasOwn(named, server) ? named[server] : undefined
    if (typeof name === "string") return Option.some({ name, server })
  }
  return Option.none()
}

/** Returns the helper for all registries without a helper of their own. */
export const defaultHelper = (file: Json, host: string) => {
  const name = file["credsStore"]
  const server = host === dockerHub.domain ? dockerHub.url : host
  return typeof name === "string" && name !== "" ? Option.some({ name, server }) : Option.none()
}

const fromHelper = (
  { name, server }: { readonly name: string; readonly server: string },
  timeout: Duration.DurationInput
) => {
  const at = `docker-credential-${name}`
  return helpers.get(name, server, timeout).pipe(
    Effect.map(Option.match({
      onNone: () => notFound(step("NoEntry", "", at)),
      onSome: (credential) => found(credential, at)
    })),
    Effect.catchAll(({ detail, reason }) => Effect.succeed(notFound(step(reason, detail, at))))
  )
}

/** Consults the helper of a file, then its entries. If the helper of the registry has no entry, the search ends. */
const fromJson = (
  settings: Settings,
  file: Json,
  key: RegistryKey,
  { legacy, tool }: Pick<AuthFile, "legacy" | "tool">
): Effect.Effect<SourceResult, never, CommandExecutor.CommandExecutor> => {
  const { auths, named, steps } = sectionsOf(file, legacy)
  const entries = Effect.sync(() => fromEntries(auths, key, tool))
  const helper = legacy ? Option.none() : configuredHelper(named, key.host, tool)
  const store = legacy || Option.isSome(helper) ? Option.none() : defaultHelper(file, key.host)
  const result = Option.match(Option.filter(Option.orElse(helper, () => store), ({ name }) => name !== ""), {
    onNone: () => entries,
    onSome: (selected) =>
      Effect.flatMap(
        fromHelper(selected, settings.helperTimeout),
        (first) =>
          Option.isSome(helper) && first.steps.some(({ outcome }) => outcome === "NoEntry")
            ? Effect.succeed(first)
            : orElse(first, entries)
      )
  })
  return Effect.map(result, (_) => ({ ..._, steps: [...steps, ..._.steps] }))
}

const fromFile = (settings: Settings, key: RegistryKey, file: AuthFile) =>
  settings.fs.readFileString(file.path).pipe(
    Effect.map((text) => parseFile(text, file)),
    Effect.flatMap(Either.match({
      onLeft: (detail) => Effect.succeed(notFound(step("Invalid", detail))),
      onRight: (json) => fromJson(settings, json, key, file)
    })),
    Effect.catchAll((error) =>
      Effect.succeed(
        error._tag === "SystemError" && error.reason === "NotFound"
          ? notFound(step("Absent"))
          : notFound(step("Unreadable", error.message))
      )
    )
  )

/** Parses `DOCKER_AUTH_CONFIG`. Docker ignores it if it has more than `auth` in entries of `auths`. */
const parseVariable = (text: string): Either.Either<Json, string> =>
  Either.filterOrLeft(
    parseObject(text, ["auths"]),
    (json) =>
      Object.entries(json).every(([name, value]) => name === "auths" && isJsonObject(value)) &&
      Object.values(json["auths"] ?? {}).every((entry) =>
        isJsonObject(entry) && Object.keys(withKeys(entry, ["auth"])).every((name) => name === "auth")
      ),
    () => "it has more than \"auth\" in entries of \"auths\""
  )

const fromVariable = (settings: Settings, key: RegistryKey): Effect.Effect<SourceResult> =>
  Effect.sync(() =>
    Option.match(settings.locations.variable, {
      onNone: () => notFound(step("Absent")),
      onSome: (text) =>
        Either.match(parseVariable(Redacted.value(text)), {
          onLeft: (detail) => notFound(step("Invalid", detail)),
          onRight: (json) => fromEntries(sectionsOf(json, false).auths, key, "docker")
        })
    })
  )

/** Consults the sources in order until one has a credential. */
export const lookup = Effect.fnUntraced(function*(settings: Settings, key: RegistryKey) {
  const { afterVariable, beforeVariable } = settings.locations
  type Consultation = readonly [Source, Effect.Effect<SourceResult, never, CommandExecutor.CommandExecutor>]
  const files = (list: ReadonlyArray<AuthFile>) =>
    list.map((
      file
    ): Consultation => [{ _tag: "File", tool: file.tool, path: file.path }, fromFile(settings, key, file)])
  const consultations: ReadonlyArray<Consultation> = [
    [{ _tag: "Explicit" }, Effect.sync(() => fromExplicit(settings, key))],
    ...files(beforeVariable),
    [{ _tag: "Variable", name: "DOCKER_AUTH_CONFIG" }, fromVariable(settings, key)],
    ...files(afterVariable)
  ]
  const consulted: Array<Consulted> = []
  for (const [source, consult] of consultations) {
    const { credential, steps } = yield* consult
    for (const step of steps) consulted.push({ source, ...step })
    if (Option.isSome(credential)) {
      return { found: Option.some({ credential: credential.value, source }), consulted } satisfies Lookup
    }
  }
  return { found: Option.none(), consulted } satisfies Lookup
})
