import { FileSystem } from "@effect/platform/FileSystem"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Effect from "effect/Effect"

/**
 * Makes a directory for files that a client reads or writes. It is removed when the scope closes.
 *
 * @internal
 */
export const temporaryDirectory = (
  { fileSystem }: { readonly fileSystem: FileSystem },
  purpose: "auth" | "build" | "copy" | "env" | "push"
) => Effect.provideService(TemporaryDirectory.makeScoped({ prefix: `ociman-${purpose}-` }), FileSystem, fileSystem)
