import { errorResponse, type Incoming, makeResponse, type Outgoing } from "./http.js"
import type { State } from "./state.js"

const range = /^bytes=(\d*)-(\d*)$/

/** Parses the requested range. A malformed header counts as missing (RFC 9110, 14.2). */
const rangeOf = (header: string | undefined, size: number) => {
  const [, from, to] = range.exec(header ?? "") ?? []
  if (from === undefined || to === undefined || (from === "" && to === "")) return
  return from === ""
    ? { first: Math.max(size - Number(to), 0), last: size - 1 }
    : { first: Number(from), last: to === "" ? size - 1 : Math.min(Number(to), size - 1) }
}

/** @internal */
export const handle = (state: State, request: Incoming<unknown>, name: string, digest: string): Outgoing => {
  const blobs = state.repositories.get(name)?.blobs
  const bytes = blobs?.get(digest)
  if (bytes === undefined) return errorResponse("BLOB_UNKNOWN", `the blob ${digest} does not exist in ${name}`)
  if (request.method === "DELETE") {
    blobs?.delete(digest)
    return makeResponse(202)
  }
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
    etag: `"${digest}"`
  }
  const part = rangeOf(request.headers["range"], bytes.length)
  if (part === undefined || request.method === "HEAD") return makeResponse(200, headers, bytes)
  if (part.first > part.last) {
    return errorResponse("SIZE_INVALID", "the range is not satisfiable", {
      status: 416,
      headers: { "content-range": `bytes */${bytes.length}` }
    })
  }
  return makeResponse(
    206,
    { ...headers, "content-range": `bytes ${part.first}-${part.last}/${bytes.length}` },
    bytes.subarray(part.first, part.last + 1)
  )
}
