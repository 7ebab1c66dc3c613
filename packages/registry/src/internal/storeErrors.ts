import type { PlatformError } from "@effect/platform/Error"
import * as ContentError from "@ociman/oci/ContentError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { isRegistryError, type RegistryError, RegistryFailed } from "../RegistryError.js"

type Reason = ContentError.StoreFailed["reason"]

const missing = new Set<string>(["BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"])

const reasonOf = (error: RegistryError): Reason => {
  if (error._tag === "AuthenticationError") return "Denied"
  switch (error.reason) {
    case "DENIED":
    case "UNAUTHORIZED":
      return "Denied"
    case "TOOMANYREQUESTS":
    case "TimedOut":
    case "Truncated":
    case "Unavailable":
    case "Unreachable":
      return "Unavailable"
    case "UNSUPPORTED":
      return "Unsupported"
    default:
      return "Unknown"
  }
}

const unknown = new Set<string>(["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN"])

/** Whether a registry said of a document that it misses what that points to. */
const isIncomplete = (error: unknown): error is RegistryFailed =>
  error instanceof RegistryFailed && error.method === "PUT" && error.url.includes("/manifests/") &&
  error.errors.some(({ code }) => unknown.has(code))

const digest = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g

/** What a registry misses of a document that it refused for that: what it names, or all that the document names. */
export const missingOf = (error: unknown, own: string, document: () => string): ReadonlyArray<string> => {
  if (!isIncomplete(error)) return []
  const named = (JSON.stringify(error.errors).match(digest) ?? []).filter((name) => name !== own)
  return named.length > 0 ? named : document().match(digest) ?? []
}

const isOther = <E>(error: E): error is Exclude<E, RegistryError> => !isRegistryError(error)

/** The errors of a store that is a repository, which `operation` says what it was about to do. */
export const of = (store: string) => {
  const notFound = (name: string) => new ContentError.ContentNotFound({ content: name, store })

  const failure = (operation: string, reason: Reason, cause: unknown) =>
    new ContentError.StoreFailed({ store, operation, reason, cause })

  /** Of what is about content of this name, which may not be there. */
  const about = (operation: string, name: string) => <E>(error: E) => {
    if (isOther(error)) return error
    if (isIncomplete(error)) return failure(`${operation} ${name}`, "Incomplete", error)
    return isRegistryError(error) && error._tag === "RegistryFailed" && missing.has(error.reason)
      ? notFound(name)
      : failure(`${operation} ${name}`, isRegistryError(error) ? reasonOf(error) : "Unknown", error)
  }

  return {
    notFound,
    refused: (operation: string, why: string) => failure(operation, "Unsupported", new Error(why)),
    unsaved: (cause: PlatformError) => failure("keep what it receives in a file", "Unknown", cause),
    failed: <A, E, R>(operation: string, name: string, effect: Effect.Effect<A, E, R>) =>
      Effect.mapError(effect, (error) => about(operation, name)(error)),
    failedStream: <A, E, R>(operation: string, name: string, stream: Stream.Stream<A, E, R>) =>
      Stream.mapError(stream, (error) => about(operation, name)(error))
  }
}
