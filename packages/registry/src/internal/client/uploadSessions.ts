/** Upload sessions of blobs. */
import type * as Digest from "@ociman/oci/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RegistryError } from "../../RegistryError.js"
import type { Target } from "../authentication/authenticator.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as headers from "../http/headers.js"
import * as responses from "../http/responses.js"
import type { Body, Response } from "../http/transport.js"
import { addressOf } from "./endpoints.js"
import type { Client } from "./requests.js"

/** A blob to upload, and its repository. */
export interface Upload {
  readonly client: Client
  readonly target: Target
  /** The path of the repository. */
  readonly repository: string
  readonly digest: Digest.Digest
  readonly size: number
  /** Chunk size in bytes, used if the blob is not accepted in one request; 0 if the registry supports no chunks. */
  readonly chunkSize: number
  /** Smallest size of a blob that a host rejected as one request. */
  readonly rejectedSizes: Map<string, number>
}

/** State of an upload session, which changes with each response. */
export interface Session {
  /** Address of the next request. */
  readonly location: Address
  /** Minimum size in bytes of each chunk but the last. */
  readonly minimumChunk: number
}

export const emptyBody: Body = { _tag: "Bytes", bytes: new Uint8Array(0) }

export const sessionOf = ({ client, target }: Upload, response: Response): Effect.Effect<Session, RegistryError> =>
  Effect.gen(function*() {
    const location = response.headers["location"]
    if (location === undefined) {
      return yield* responses.failure(response, "InvalidResponse", "it has no Location for the upload")
    }
    const minimumChunk = Option.getOrElse(headers.size(response.headers["oci-chunk-min-length"]), () => 0)
    return { location: yield* client.resolveTarget(target, "upload", response, location), minimumChunk }
  })

const startRequest = ({ digest, repository, target }: Upload, query: ReadonlyArray<readonly [string, string]>) => ({
  method: "POST" as const,
  target,
  address: addresses.withQuery(addressOf(target, `/v2/${repository}/blobs/uploads/`), [
    ...query,
    ...(digest.startsWith("sha256:") ? [] : [["digest-algorithm", digest.slice(0, digest.indexOf(":"))] as const])
  ]),
  body: emptyBody
})

/** Opens a session. */
export const begin = (upload: Upload): Effect.Effect<Session, RegistryError> =>
  Effect.gen(function*() {
    const response = yield* upload.client.expect(startRequest(upload, []), 202)
    yield* responses.drop(response)
    return yield* sessionOf(upload, response)
  })

/** Checks if a response declares another digest of the same algorithm. */
const declaresOther = ({ digest }: Upload, response: Response): boolean => {
  const declared = response.headers["docker-content-digest"]
  return declared !== undefined && declared.includes(":") && declared.split(":")[0] === digest.split(":")[0] &&
    declared !== digest
}

/** Mounts the blob from another repository. Otherwise returns the session that the registry opened, if any. */
export const mount = (upload: Upload, from: string): Effect.Effect<"Mounted" | Option.Option<Session>, RegistryError> =>
  Effect.gen(function*() {
    const response = yield* upload.client.send(startRequest(upload, [["mount", upload.digest], ["from", from]]))
    yield* responses.drop(response)
    if (response.status === 201 && !declaresOther(upload, response)) return "Mounted"
    return response.status === 202 ? yield* Effect.option(sessionOf(upload, response)) : Option.none()
  })

/** Cancels a session. Ignores errors, since not every registry supports it. */
export const cancel = ({ client, target }: Upload, { location }: Session): Effect.Effect<void> =>
  client.send({ method: "DELETE", target, address: location, isRetried: false }).pipe(
    Effect.flatMap(responses.drop),
    Effect.interruptible,
    Effect.timeout(Duration.seconds(5)),
    Effect.ignore
  )

const finishRequest = (upload: Upload, { location }: Session, body: Body) => ({
  method: "PUT" as const,
  target: upload.target,
  address: addresses.withQuery(location, [["digest", upload.digest]]),
  headers: { "content-type": "application/octet-stream" },
  body,
  isRetried: false
})

/** Completes a session with the rest of the blob. */
export const finish = (upload: Upload, session: Session, body: Body): Effect.Effect<void, RegistryError> =>
  Effect.gen(function*() {
    const { client, digest, repository, target } = upload
    const response = yield* client.expect(finishRequest(upload, session, body), 201, 204)
    yield* responses.drop(response)
    if (declaresOther(upload, response)) {
      return yield* responses.failure(response, "InvalidResponse", `it stored something else than ${digest}`)
    }
    yield* client.noteWrite(addressOf(target, `/v2/${repository}/blobs/${digest}`))
  })

/** Checks if the registry does not know a session, for example since it has expired. */
export const isLost = (error: RegistryError): boolean =>
  error._tag === "RegistryFailed" && error.reason === "BLOB_UPLOAD_UNKNOWN"
