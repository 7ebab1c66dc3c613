import { FileSystem } from "@effect/platform/FileSystem"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Effect from "effect/Effect"
import type { Context } from "./context.js"

/**
 * A directory for what a client reads from files or writes to them. It is removed when the scope closes.
 *
 * @internal
 */
export const temporaryDirectory = (
  { fileSystem }: Context,
  purpose: "auth" | "build" | "copy" | "env" | "push"
) => Effect.provideService(TemporaryDirectory.makeScoped({ prefix: `ociman-${purpose}-` }), FileSystem, fileSystem)
