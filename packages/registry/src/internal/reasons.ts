/** The words of registries for what went wrong. */
export const spoken = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS"
] as const

/** The words of this side. */
export const own = [
  "Unreachable",
  "TimedOut",
  "Truncated",
  "Unavailable",
  "TooLarge",
  "InvalidAnswer",
  "Refused",
  "Unexpected"
] as const
