import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { InvalidDocument } from "../../ContentError.js"
import { Descriptor } from "../../Descriptor.js"
import * as MediaType from "../../MediaType.js"
import * as document from "./document.js"
import * as json from "./json.js"

const Texts = document.nullable(Schema.Record({ key: Schema.String, value: Schema.String }))

const Link = Schema.Struct({ ...Descriptor.fields, annotations: Texts })

/**
 * Links of a manifest or an index. Parsed less strictly than the documents: an image without layers, for example, is
 * invalid, but can be copied and must not be collected as garbage.
 */
const Links = Schema.Struct({
  mediaType: document.nullable(MediaType.MediaType),
  artifactType: document.nullable(MediaType.MediaType),
  config: document.nullable(Link),
  layers: document.nullable(Schema.Array(Link)),
  /** Field of the withdrawn artifact manifest. */
  blobs: document.nullable(Schema.Array(Link)),
  manifests: document.nullable(Schema.Array(Link)),
  subject: document.nullable(Link),
  annotations: Texts
})

export interface Links {
  readonly mediaType: MediaType.MediaType
  /** Manifests that must exist in a store before this one. */
  readonly manifests: ReadonlyArray<Descriptor>
  readonly blobs: ReadonlyArray<Descriptor>
  readonly subject: Option.Option<Descriptor>
  /** Artifact type, as in lists of referrers. */
  readonly artifactType: Option.Option<MediaType.MediaType>
  readonly annotations: Readonly<Record<string, string>> | undefined
}

const name = "manifest or index"

const { fromJson } = document.fields(name, Links)

const parse = json.parse(name, document.manifestLimit)

export const limits = { name, limit: document.manifestLimit }

/** Reports whether content of a media type refers to other content. */
export const isDocument = (mediaType: string): boolean =>
  MediaType.isManifest(mediaType) || MediaType.isIndex(mediaType)

export const read = (bytes: Uint8Array): Either.Either<Links, InvalidDocument> =>
  parse(bytes).pipe(
    Either.flatMap(fromJson),
    Either.map(({ annotations, artifactType, blobs, config, layers, manifests, mediaType, subject }): Links => ({
      mediaType: mediaType ?? (config === undefined ? MediaType.ImageIndex : MediaType.ImageManifest),
      manifests: manifests ?? [],
      blobs: [...(config === undefined ? [] : [config]), ...(layers ?? []), ...(blobs ?? [])],
      subject: Option.fromNullable(subject),
      artifactType: Option.fromNullable(artifactType ?? config?.mediaType),
      annotations
    }))
  )
