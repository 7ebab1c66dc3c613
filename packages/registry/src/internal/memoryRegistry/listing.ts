import * as Digest from "@ociman/oci/Digest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Either from "effect/Either"
import { type Incoming, json, type Outgoing, parameter, refusal } from "./http.js"
import type { State } from "./state.js"

/** The names of a page, and where the next one is. */
const page = (state: State, request: Incoming<unknown>, all: Iterable<string>) => {
  const last = parameter(request, "last")
  const names = [...all].sort().filter((name) => last === undefined || name > last)
  const wanted = parameter(request, "n") ?? ""
  const shown = names.slice(0, Math.min(/^\d+$/.test(wanted) ? Number(wanted) : Infinity, state.largestPage))
  const end = shown.at(-1)
  const others = request.query.filter(([name]) => name !== "last")
  const link = end === undefined || shown.length === names.length ? {} : {
    link: `<${request.path}?${
      [["last", end] as const, ...others].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")
    }>; rel="next"`
  }
  return { shown, link }
}

/** @internal */
export const tags = (state: State, request: Incoming<unknown>, name: string): Outgoing => {
  const repository = state.repositories.get(name)
  if (repository === undefined) return refusal("NAME_UNKNOWN", `there is no repository ${name}`)
  const { link, shown } = page(state, request, repository.tags.keys())
  return json(200, { name, tags: shown }, link)
}

/** @internal */
export const catalog = (state: State, request: Incoming<unknown>): Outgoing => {
  const { link, shown } = page(state, request, state.repositories.keys())
  return json(200, { repositories: shown }, link)
}

/** @internal */
export const referrers = (state: State, request: Incoming<unknown>, name: string, subject: string): Outgoing => {
  if (!state.referrers) return refusal("UNSUPPORTED", "there is no list of referrers", { status: 404 })
  if (Either.isLeft(Digest.parse(subject))) return refusal("DIGEST_INVALID", `${subject} is no digest`)
  const wanted = parameter(request, "artifactType")
  const all = new Map(
    [...state.repositories.get(name)?.manifests.values() ?? []].flatMap(({ digest, refers }) =>
      refers?.subject === subject && (wanted === undefined || refers.descriptor["artifactType"] === wanted)
        ? [[String(digest), refers.descriptor] as const]
        : []
    )
  )
  const { link, shown } = page(state, request, all.keys())
  const manifests = shown.map((digest) => all.get(digest))
  return json(200, { schemaVersion: 2, mediaType: MediaType.ImageIndex, manifests }, {
    "content-type": MediaType.ImageIndex,
    ...link,
    ...(wanted === undefined ? {} : { "oci-filters-applied": "artifactType" })
  })
}
