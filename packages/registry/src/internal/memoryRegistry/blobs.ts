import { answer, type Incoming, type Outgoing, refusal } from "./http.js"
import type { State } from "./state.js"

const range = /^bytes=(\d*)-(\d*)$/

/** The bytes that are asked for. What cannot be read is as if it was not there (RFC 9110, 14.2). */
const asked = (header: string | undefined, size: number) => {
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
  if (bytes === undefined) return refusal("BLOB_UNKNOWN", `there is no blob ${digest} in ${name}`)
  if (request.method === "DELETE") {
    blobs?.delete(digest)
    return answer(202)
  }
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
    etag: `"${digest}"`
  }
  const part = asked(request.headers["range"], bytes.length)
  if (part === undefined || request.method === "HEAD") return answer(200, headers, bytes)
  if (part.first > part.last) {
    return refusal("SIZE_INVALID", "there are no such bytes", {
      status: 416,
      headers: { "content-range": `bytes */${bytes.length}` }
    })
  }
  return answer(
    206,
    { ...headers, "content-range": `bytes ${part.first}-${part.last}/${bytes.length}` },
    bytes.subarray(part.first, part.last + 1)
  )
}
