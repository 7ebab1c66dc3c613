/** Error codes that registries send. */
export const registryCodes = [
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

/** Reasons that the client determines. */
export const clientReasons = [
  "Unreachable",
  "TimedOut",
  "Truncated",
  "Unavailable",
  "TooLarge",
  "InvalidResponse",
  "Refused",
  "Unexpected"
] as const
