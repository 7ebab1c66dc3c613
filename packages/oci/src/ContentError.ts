/**
 * Errors of reading and writing content: missing or damaged content, invalid documents, and failures of a store.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { excerpt } from "./internal/values/text.js"

/**
 * No content has the digest or name. `content` is the digest or name, `store` the name of the store.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContentNotFound extends Schema.TaggedError<ContentNotFound>("@ociman/oci/ContentNotFound")(
  "ContentNotFound",
  { content: Schema.String, store: Schema.String }
) {
  override get message(): string {
    return `There is no ${this.content} in ${this.store}`
  }
}

/**
 * The bytes do not have the expected digest. They must not be used.
 *
 * @since 0.1.0
 * @category errors
 */
export class DigestMismatch extends Schema.TaggedError<DigestMismatch>("@ociman/oci/DigestMismatch")(
  "DigestMismatch",
  { expected: Schema.String, actual: Schema.String }
) {
  override get message(): string {
    return `The content of ${this.expected} is damaged: its bytes have the digest ${this.actual}`
  }
}

/**
 * There are fewer or more bytes than the descriptor's size. `actual` is the number of bytes read; reading stops at the
 * first excess byte.
 *
 * @since 0.1.0
 * @category errors
 */
export class SizeMismatch extends Schema.TaggedError<SizeMismatch>("@ociman/oci/SizeMismatch")(
  "SizeMismatch",
  { digest: Schema.String, expected: Schema.Number, actual: Schema.Number }
) {
  override get message(): string {
    const many = this.actual > this.expected ? `at least ${this.actual}` : `only ${this.actual}`
    return `The content of ${this.digest} should have ${this.expected} bytes and has ${many}`
  }
}

/**
 * The digest uses an algorithm that cannot be computed, so the content cannot be verified and is not read.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedDigest extends Schema.TaggedError<UnsupportedDigest>("@ociman/oci/UnsupportedDigest")(
  "UnsupportedDigest",
  { digest: Schema.String }
) {
  override get message(): string {
    return `The content of ${excerpt(this.digest)} cannot be verified: only sha256 and sha512 digests are supported`
  }
}

/**
 * Bytes are not a valid document. `document` is the kind of document, `path` the invalid field, such as
 * `layers[0].size` (empty for the whole document), `rule` the violated rule as a sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidDocument extends Schema.TaggedError<InvalidDocument>("@ociman/oci/InvalidDocument")(
  "InvalidDocument",
  {
    document: Schema.String,
    path: Schema.String,
    reason: Schema.Literal(
      "TooLarge",
      "InvalidUtf8",
      "InvalidJson",
      "InvalidToml",
      "InvalidField",
      "TooDeep",
      "UnsafeKey",
      "InexactNumber",
      "MediaTypeMismatch"
    ),
    rule: Schema.String
  }
) {
  override get message(): string {
    return `Invalid ${this.document}${this.path === "" ? "" : ` at ${this.path}`}: ${this.rule}`
  }
}

/**
 * A directory or an archive is not a usable image layout.
 *
 * @since 0.1.0
 * @category errors
 */
export class LayoutError extends Schema.TaggedError<LayoutError>("@ociman/oci/LayoutError")("LayoutError", {
  path: Schema.String,
  reason: Schema.Literal(
    "NotALayout",
    "WrongVersion",
    "MissingIndex",
    "AlreadyExists",
    "Symlink",
    "Locked",
    "Changed",
    "Damaged",
    "Unreadable",
    "Unwritable"
  ),
  rule: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const cause = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `${JSON.stringify(this.path)} ${this.rule}${cause}`
  }
}

/**
 * An operation of a store failed. `store` is the name of the store, `operation` the operation, and `cause` the store's
 * own error.
 *
 * `Incomplete`: content that a manifest or an index refers to is missing in the store.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoreFailed extends Schema.TaggedError<StoreFailed>("@ociman/oci/StoreFailed")("StoreFailed", {
  store: Schema.String,
  operation: Schema.String,
  reason: Schema.Literal("Unavailable", "Denied", "Unsupported", "Incomplete", "Unknown"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const cause = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `${this.store} could not ${this.operation} (${this.reason})${cause}`
  }
}

/**
 * The manifests, indexes and referrers of one graph exceed a limit of `Copy.GraphLimits`. `digest` is the root of the
 * graph, `limit` the field of the limits, `maximum` its value.
 *
 * @since 0.1.0
 * @category errors
 */
export class GraphLimitExceeded extends Schema.TaggedError<GraphLimitExceeded>("@ociman/oci/GraphLimitExceeded")(
  "GraphLimitExceeded",
  {
    digest: Schema.String,
    store: Schema.String,
    limit: Schema.Literal("documents", "documentSize"),
    maximum: Schema.Number
  }
) {
  override get message(): string {
    const rule = this.limit === "documents"
      ? `consist of more than ${this.maximum}`
      : `have more than ${this.maximum} bytes`
    return `The manifests, indexes and referrers of ${this.digest} in ${this.store} ${rule}: ` +
      `if they can be trusted, set limits.${this.limit} to a higher number`
  }
}

/**
 * Schema of all content errors.
 *
 * @since 0.1.0
 * @category errors
 */
export const ContentError = Schema.Union(
  ContentNotFound,
  DigestMismatch,
  SizeMismatch,
  UnsupportedDigest,
  InvalidDocument,
  LayoutError,
  StoreFailed,
  GraphLimitExceeded
)

/**
 * Union of all content errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type ContentError = typeof ContentError.Type

/**
 * Reports whether a value is a content error.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isContentError: (u: unknown) => u is ContentError = Schema.is(ContentError)

/**
 * Reports whether an error means that bytes do not match their descriptor.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDamage = Schema.is(Schema.Union(DigestMismatch, SizeMismatch))
