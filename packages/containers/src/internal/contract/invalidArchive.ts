import type * as Tar from "@ociman/oci/Tar"
import { CopyFailed } from "../../BackendError.js"

export const invalidArchive = (container: string, path: string, error: Tar.TarError): CopyFailed =>
  new CopyFailed({ container, path, reason: "InvalidArchive", detail: error.message, cause: error })
