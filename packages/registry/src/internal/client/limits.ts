/** Limits of registries that they do not announce. */
export interface Limits {
  /** Maximum size of a chunk of a blob upload, in bytes; 0 if the registry does not support chunked uploads. */
  readonly largestChunk: number
  /** Maximum number of names on a page of a list. */
  readonly largestPage: number
}

const mebibyte = 1024 * 1024

const unlimited: Limits = { largestChunk: Number.MAX_SAFE_INTEGER, largestPage: Number.MAX_SAFE_INTEGER }

const known: ReadonlyArray<{ readonly hosts: RegExp; readonly limits: Partial<Limits> }> = [
  // Responds 416 to larger chunks: https://github.com/ocx-sh/ocx/issues/237
  { hosts: /^ghcr\.io$/, limits: { largestChunk: 4 * mebibyte } },
  // Does not support chunked uploads: https://github.com/clowdhaus/ocync/issues/13
  { hosts: /^([a-z0-9-]+\.)?(gcr\.io|pkg\.dev)$/, limits: { largestChunk: 0 } },
  // Rejects larger pages: https://github.com/google/go-containerregistry/issues/1091
  { hosts: /^(public\.ecr\.aws|.*\.amazonaws\.com(\.cn)?)$/, limits: { largestPage: 1000 } }
]

/** Returns the limits of a registry by its host name in references: the configured ones, else the known ones. */
export const limitsOf = (configured: Readonly<Record<string, Partial<Limits>>>, host: string): Limits => ({
  ...unlimited,
  ...(configured[host] ?? known.find(({ hosts }) => hosts.test(host))?.limits)
})
