import type * as Content from "@ociman/oci/Content"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Option from "effect/Option"

const capacity = 16

/**
 * Cache of manifests and indexes: copying an image reads each of them several times, and sends the bytes again to tag the
 * image.
 */
export const recentDocuments = () => {
  const documents = new Map<string, Content.Content<unknown>>()
  return {
    get: (digest: string): Option.Option<Content.Content<unknown>> => Option.fromNullable(documents.get(digest)),
    forget: (digest: string): void => void documents.delete(digest),
    keep: (descriptor: Descriptor.Descriptor, bytes: Uint8Array): Content.Content<unknown> => {
      const content = { descriptor, bytes, value: undefined }
      documents.delete(descriptor.digest)
      documents.set(descriptor.digest, content)
      const [oldest] = documents.keys()
      if (documents.size > capacity && oldest !== undefined) documents.delete(oldest)
      return content
    }
  }
}
