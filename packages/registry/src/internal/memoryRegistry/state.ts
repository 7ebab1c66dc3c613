import type * as Digest from "@ociman/oci/Digest"

/** @internal */
export interface Manifest {
  readonly digest: Digest.Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** Its entry in the list of referrers of its subject. */
  readonly referrer?: { readonly subject: string; readonly descriptor: Readonly<Record<string, unknown>> } | undefined
}

/** @internal */
export interface Repository {
  readonly blobs: Map<string, Uint8Array>
  readonly manifests: Map<string, Manifest>
  readonly tags: Map<string, Digest.Digest>
}

/** @internal */
export interface Upload {
  readonly name: string
  readonly pieces: Array<Uint8Array>
  size: number
  /** Number of changes of its location. Only the latest location is valid. */
  revision: number
}

/** @internal */
export interface State {
  readonly repositories: Map<string, Repository>
  readonly uploads: Map<string, Upload>
  /** Number of uploads so far. */
  uploadCount: number
  readonly referrers: boolean
  readonly deletes: boolean
  readonly largestPage: number
}

/** @internal */
export const ofRepository = (state: State, name: string): Repository => {
  const known = state.repositories.get(name)
  if (known !== undefined) return known
  const repository: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() }
  state.repositories.set(name, repository)
  return repository
}
