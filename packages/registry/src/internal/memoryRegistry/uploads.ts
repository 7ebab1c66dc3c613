import * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { concat } from "../bytes.js"
import { errorResponse, type Incoming, makeResponse, type Outgoing, parameter } from "./http.js"
import { ofRepository, type State, type Upload } from "./state.js"

type Handled<E> = Effect.Effect<Outgoing, E>

const locationOf = (id: string, upload: Upload) => `/v2/${upload.name}/blobs/uploads/${id}?_state=${upload.revision}`

const progress = (id: string, upload: Upload) => ({
  location: locationOf(id, upload),
  range: `0-${Math.max(upload.size - 1, 0)}`,
  "docker-upload-uuid": id
})

// Keeps bytes received before a lost connection, as other registries do.
const receive = <E>(upload: Upload, body: Stream.Stream<Uint8Array, E>) =>
  Stream.runForEach(body, (bytes) =>
    Effect.sync(() => {
      upload.pieces.push(bytes)
      upload.size += bytes.length
    })).pipe(Effect.ensuring(Effect.sync(() => {
      upload.revision++
    })))

const stored = (name: string, digest: string) =>
  makeResponse(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest })

const commit = (
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  upload: Upload,
  expected: string
): Handled<never> =>
  Either.match(Digest.parse(expected), {
    onLeft: ({ message }) => Effect.succeed(errorResponse("DIGEST_INVALID", message)),
    onRight: (digest) =>
      Effect.suspend(() => {
        const bytes = concat(upload.pieces)
        return Effect.map(hasher.bytes(bytes, Digest.algorithm(digest)), (found) => {
          if (found !== digest) return errorResponse("DIGEST_INVALID", `the uploaded content has the digest ${found}`)
          ofRepository(state, upload.name).blobs.set(digest, bytes)
          return stored(upload.name, digest)
        })
      })
  })

/** @internal */
export const start = <E>(
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  request: Incoming<E>,
  name: string
): Handled<E> =>
  Effect.suspend((): Handled<E> => {
    const mount = parameter(request, "mount")
    const source = state.repositories.get(parameter(request, "from") ?? "")?.blobs.get(mount ?? "")
    if (mount !== undefined && source !== undefined) {
      ofRepository(state, name).blobs.set(mount, source)
      return Effect.succeed(stored(name, mount))
    }
    const algorithm = parameter(request, "digest-algorithm") ?? "sha256"
    if (algorithm !== "sha256" && algorithm !== "sha512") {
      return Effect.succeed(errorResponse("DIGEST_INVALID", `the algorithm ${algorithm} is not supported`))
    }
    const upload: Upload = { name, pieces: [], size: 0, revision: 0 }
    const digest = parameter(request, "digest")
    if (digest !== undefined && mount === undefined) {
      return Effect.zipRight(receive(upload, request.body), commit(state, hasher, upload, digest))
    }
    const id = `upload-${++state.uploadCount}`
    state.uploads.set(id, upload)
    return Effect.succeed(makeResponse(202, progress(id, upload)))
  })

const range = /^(\d+)-(\d+)$/

/** Returns the offset and length of the body according to its headers. */
const declaredRange = (request: Incoming<unknown>) => {
  const header = request.headers["content-range"]
  if (header === undefined) return
  const [, first, last] = range.exec(header) ?? []
  return first === undefined || last === undefined
    ? { first: Number.NaN, length: Number.NaN }
    : { first: Number(first), length: Number(last) - Number(first) + 1 }
}

/** Appends a body, if it continues at the end of the upload. */
const append = <E>(id: string, upload: Upload, request: Incoming<E>): Effect.Effect<Outgoing | undefined, E> =>
  Effect.suspend(() => {
    const declared = declaredRange(request)
    if (declared !== undefined && declared.first !== upload.size) {
      return Effect.succeed(
        errorResponse("BLOB_UPLOAD_INVALID", `the next offset is ${upload.size}`, {
          status: 416,
          headers: progress(id, upload)
        })
      )
    }
    const before = upload.size
    return Effect.map(
      receive(upload, request.body),
      () =>
        declared === undefined || upload.size - before === declared.length
          ? undefined
          : errorResponse("SIZE_INVALID", "the length of the body differs from its range")
    )
  })

/** @internal */
export const proceed = <E>(
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  request: Incoming<E>,
  name: string,
  id: string
): Handled<E> =>
  Effect.suspend((): Handled<E> => {
    const upload = state.uploads.get(id)
    if (upload === undefined || upload.name !== name) {
      return Effect.succeed(errorResponse("BLOB_UPLOAD_UNKNOWN", `the upload ${id} does not exist`))
    }
    switch (request.method) {
      case "GET":
        return Effect.succeed(makeResponse(204, progress(id, upload)))
      case "DELETE":
        state.uploads.delete(id)
        return Effect.succeed(makeResponse(204))
    }
    if (parameter(request, "_state") !== String(upload.revision)) {
      return Effect.succeed(errorResponse("BLOB_UPLOAD_UNKNOWN", "this is not the latest location of the upload"))
    }
    if (request.method === "PATCH") {
      return Effect.map(append(id, upload, request), (error) => error ?? makeResponse(202, progress(id, upload)))
    }
    const digest = parameter(request, "digest")
    if (digest === undefined) return Effect.succeed(errorResponse("DIGEST_INVALID", "the digest is missing"))
    return Effect.flatMap(append(id, upload, request), (error) => {
      if (error !== undefined) return Effect.succeed(error)
      state.uploads.delete(id)
      return commit(state, hasher, upload, digest)
    })
  })
