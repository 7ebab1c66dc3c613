/** Errors of a store in a repository. */
import type { PlatformError } from "@effect/platform/Error"
import * as ContentError from "@ociman/oci/ContentError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { isRegistryError, type RegistryError, RegistryFailed } from "../../RegistryError.js"

type Reason = ContentError.StoreFailed["reason"]

const notFoundReasons = new Set<string>(["BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"])

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

const missingContentCodes = new Set<string>(["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN"])

/** Checks if a registry rejected a manifest because content that it references is missing. */
const isIncomplete = (error: unknown): error is RegistryFailed =>
  error instanceof RegistryFailed && error.method === "PUT" && error.url.includes("/manifests/") &&
  error.errors.some(({ code }) => missingContentCodes.has(code))

const digest = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g

/**
 * Returns the digests that are missing according to an error of pushing a document: those that the error names, or if it
 * names none, all digests in the document.
 */
export const missingContents = (error: unknown, own: string, document: () => string): ReadonlyArray<string> => {
  if (!isIncomplete(error)) return []
  const named = (JSON.stringify(error.errors).match(digest) ?? []).filter((name) => name !== own)
  return named.length > 0 ? named : document().match(digest) ?? []
}

const isOther = <E>(error: E): error is Exclude<E, RegistryError> => !isRegistryError(error)

/** Creates the errors of a store. `operation` completes "Cannot …" in their messages. */
export const make = (store: string) => {
  const notFound = (name: string) => new ContentError.ContentNotFound({ content: name, store })

  const failure = (operation: string, reason: Reason, cause: unknown) =>
    new ContentError.StoreFailed({ store, operation, reason, cause })

  /** Converts an error of an operation on content, which may be missing. */
  const convert = (operation: string, name: string) => <E>(error: E) => {
    if (isOther(error)) return error
    if (isIncomplete(error)) return failure(`${operation} ${name}`, "Incomplete", error)
    return isRegistryError(error) && error._tag === "RegistryFailed" && notFoundReasons.has(error.reason)
      ? notFound(name)
      : failure(`${operation} ${name}`, isRegistryError(error) ? reasonOf(error) : "Unknown", error)
  }

  return {
    notFound,
    unsupported: (operation: string, why: string) => failure(operation, "Unsupported", new Error(why)),
    spoolFailed: (cause: PlatformError) => failure("spool the received content to a file", "Unknown", cause),
    mapErrors: <A, E, R>(operation: string, name: string, effect: Effect.Effect<A, E, R>) =>
      Effect.mapError(effect, (error) => convert(operation, name)(error)),
    mapStreamErrors: <A, E, R>(operation: string, name: string, stream: Stream.Stream<A, E, R>) =>
      Stream.mapError(stream, (error) => convert(operation, name)(error))
  }
}
