import * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { concat } from "../bytes.js"
import { answer, type Incoming, type Outgoing, parameter, refusal } from "./http.js"
import { ofRepository, type State, type Upload } from "./state.js"

type Handled<E> = Effect.Effect<Outgoing, E>

const locationOf = (id: string, upload: Upload) => `/v2/${upload.name}/blobs/uploads/${id}?_state=${upload.turn}`

const progress = (id: string, upload: Upload) => ({
  location: locationOf(id, upload),
  range: `0-${Math.max(upload.size - 1, 0)}`,
  "docker-upload-uuid": id
})

// What arrived before a connection was lost stays, as in other registries.
const receive = <E>(upload: Upload, body: Stream.Stream<Uint8Array, E>) =>
  Stream.runForEach(body, (bytes) =>
    Effect.sync(() => {
      upload.pieces.push(bytes)
      upload.size += bytes.length
    })).pipe(Effect.ensuring(Effect.sync(() => {
      upload.turn++
    })))

const stored = (name: string, digest: string) =>
  answer(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest })

const commit = (state: State, hasher: Hasher.Hasher["Type"], upload: Upload, wanted: string): Handled<never> =>
  Either.match(Digest.parse(wanted), {
    onLeft: ({ message }) => Effect.succeed(refusal("DIGEST_INVALID", message)),
    onRight: (digest) =>
      Effect.suspend(() => {
        const bytes = concat(upload.pieces)
        return Effect.map(hasher.bytes(bytes, Digest.algorithm(digest)), (found) => {
          if (found !== digest) return refusal("DIGEST_INVALID", `what was uploaded has the digest ${found}`)
          ofRepository(state, upload.name).blobs.set(digest, bytes)
          return stored(upload.name, digest)
        })
      })
  })

/** @internal */
export const start = <E>(
  state: State,
  hasher: Hasher.Hasher["Type"],
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
      return Effect.succeed(refusal("DIGEST_INVALID", `the algorithm ${algorithm} is not supported`))
    }
    const upload: Upload = { name, pieces: [], size: 0, turn: 0 }
    const digest = parameter(request, "digest")
    if (digest !== undefined && mount === undefined) {
      return Effect.zipRight(receive(upload, request.body), commit(state, hasher, upload, digest))
    }
    const id = `upload-${++state.started}`
    state.uploads.set(id, upload)
    return Effect.succeed(answer(202, progress(id, upload)))
  })

const range = /^(\d+)-(\d+)$/

/** Where the body begins and how long it is, by its own account. */
const claimed = (request: Incoming<unknown>) => {
  const header = request.headers["content-range"]
  if (header === undefined) return
  const [, first, last] = range.exec(header) ?? []
  return first === undefined || last === undefined
    ? { first: Number.NaN, length: Number.NaN }
    : { first: Number(first), length: Number(last) - Number(first) + 1 }
}

/** Takes a body on, unless it does not follow on what is there. */
const append = <E>(id: string, upload: Upload, request: Incoming<E>): Effect.Effect<Outgoing | undefined, E> =>
  Effect.suspend(() => {
    const claim = claimed(request)
    if (claim !== undefined && claim.first !== upload.size) {
      return Effect.succeed(
        refusal("BLOB_UPLOAD_INVALID", `the next byte to come is ${upload.size}`, {
          status: 416,
          headers: progress(id, upload)
        })
      )
    }
    const before = upload.size
    return Effect.map(receive(upload, request.body), () =>
      claim === undefined || upload.size - before === claim.length
        ? undefined
        : refusal("SIZE_INVALID", "the body is not as long as its range"))
  })

/** @internal */
export const proceed = <E>(
  state: State,
  hasher: Hasher.Hasher["Type"],
  request: Incoming<E>,
  name: string,
  id: string
): Handled<E> =>
  Effect.suspend((): Handled<E> => {
    const upload = state.uploads.get(id)
    if (upload === undefined || upload.name !== name) {
      return Effect.succeed(refusal("BLOB_UPLOAD_UNKNOWN", `there is no upload ${id}`))
    }
    switch (request.method) {
      case "GET":
        return Effect.succeed(answer(204, progress(id, upload)))
      case "DELETE":
        state.uploads.delete(id)
        return Effect.succeed(answer(204))
    }
    if (parameter(request, "_state") !== String(upload.turn)) {
      return Effect.succeed(refusal("BLOB_UPLOAD_UNKNOWN", "this is not the latest location of the upload"))
    }
    if (request.method === "PATCH") {
      return Effect.map(append(id, upload, request), (refused) => refused ?? answer(202, progress(id, upload)))
    }
    const digest = parameter(request, "digest")
    if (digest === undefined) return Effect.succeed(refusal("DIGEST_INVALID", "the digest is missing"))
    return Effect.flatMap(append(id, upload, request), (refused) => {
      if (refused !== undefined) return Effect.succeed(refused)
      state.uploads.delete(id)
      return commit(state, hasher, upload, digest)
    })
  })
