import * as Digest from "@ociman/oci/Digest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Either from "effect/Either"
import { errorResponse, type Incoming, json, type Outgoing, parameter } from "./http.js"
import type { State } from "./state.js"

/** Returns the names of a page, and the link to the next page. */
const page = (state: State, request: Incoming<unknown>, all: Iterable<string>) => {
  const last = parameter(request, "last")
  const candidates = [...all].sort().filter((name) => last === undefined || name > last)
  const limit = parameter(request, "n") ?? ""
  const names = candidates.slice(0, Math.min(/^\d+$/.test(limit) ? Number(limit) : Infinity, state.largestPage))
  const end = names.at(-1)
  const others = request.query.filter(([name]) => name !== "last")
  const link = end === undefined || names.length === candidates.length ? {} : {
    link: `<${request.path}?${
      [["last", end] as const, ...others].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")
    }>; rel="next"`
  }
  return { names, link }
}

/** @internal */
export const tags = (state: State, request: Incoming<unknown>, name: string): Outgoing => {
  const repository = state.repositories.get(name)
  if (repository === undefined) return errorResponse("NAME_UNKNOWN", `the repository ${name} does not exist`)
  const { link, names } = page(state, request, repository.tags.keys())
  return json(200, { name, tags: names }, link)
}

/** @internal */
export const catalog = (state: State, request: Incoming<unknown>): Outgoing => {
  const { link, names } = page(state, request, state.repositories.keys())
  return json(200, { repositories: names }, link)
}

/** @internal */
export const referrers = (state: State, request: Incoming<unknown>, name: string, subject: string): Outgoing => {
  if (!state.referrers) return errorResponse("UNSUPPORTED", "the referrers API is not supported", { status: 404 })
  if (Either.isLeft(Digest.parse(subject))) return errorResponse("DIGEST_INVALID", `${subject} is not a digest`)
  const artifactType = parameter(request, "artifactType")
  const all = new Map(
    [...state.repositories.get(name)?.manifests.values() ?? []].flatMap(({ digest, referrer }) =>
      referrer?.subject === subject &&
        (artifactType === undefined || referrer.descriptor["artifactType"] === artifactType)
        ? [[String(digest), referrer.descriptor] as const]
        : []
    )
  )
  const { link, names } = page(state, request, all.keys())
  const manifests = names.map((digest) => all.get(digest))
  return json(200, { schemaVersion: 2, mediaType: MediaType.ImageIndex, manifests }, {
    "content-type": MediaType.ImageIndex,
    ...link,
    ...(artifactType === undefined ? {} : { "oci-filters-applied": "artifactType" })
  })
}
