import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"

/**
 * A certificate authority and a server certificate that it signed.
 *
 * @internal
 */
export interface Certificates {
  /** Certificate of the authority, in PEM. */
  readonly authority: string
  /** Paths of the certificate and key files of the server. */
  readonly certificate: string
  readonly key: string
}

const days = ["-days", "2"]

const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

/**
 * Makes a certificate authority and a server certificate for the loopback address.
 *
 * @internal
 */
export const make = (
  directory: string
): Effect.Effect<
  Certificates,
  CommandFailed.CommandFailed | PlatformError.PlatformError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const at = (name: string) => path.join(directory, name)
    const openssl = (...args: ReadonlyArray<string>) => Subprocess.run(Command.make("openssl", ...args))
    const request = (name: string, subject: string, ...args: ReadonlyArray<string>) =>
      openssl("req", ...fresh, "-keyout", at(`${name}.key`), "-subj", `/CN=${subject}`, ...args)
    yield* request("authority", "An authority for tests", "-x509", ...days, "-out", at("authority.crt"))
    yield* request("server", "127.0.0.1", "-out", at("server.csr"))
    yield* fs.writeFileString(at("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    yield* openssl(
      "x509",
      "-req",
      "-in",
      at("server.csr"),
      "-CA",
      at("authority.crt"),
      "-CAkey",
      at("authority.key"),
      "-CAcreateserial",
      "-extfile",
      at("names"),
      ...days,
      "-out",
      at("server.crt")
    )
    return {
      authority: yield* fs.readFileString(at("authority.crt")),
      certificate: at("server.crt"),
      key: at("server.key")
    }
  })
