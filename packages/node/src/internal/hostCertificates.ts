/** Certificates in directories per host. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"

/**
 * A client certificate with its private key.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientCertificate {
  /** The certificate in PEM. */
  readonly certificate: string
  /** The private key in PEM. */
  readonly key: Redacted.Redacted<string>
}

/**
 * Certificates for a host.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostCertificates {
  /** Additional certificate authorities in PEM. */
  readonly authorities: ReadonlyArray<string>
  /** Client certificates. */
  readonly clients: ReadonlyArray<ClientCertificate>
}

/**
 * A certificate file, or the certificate directory of a host, cannot be used:
 *
 * - `Unreadable`: it cannot be read
 * - `Incomplete`: a client certificate has no key, or a key no certificate
 * - `Malformed`: it is not in PEM, or a key does not match its certificate
 *
 * Requests to the host of the directory fail with it as their cause; others do not.
 *
 * @since 0.1.0
 * @category errors
 */
export class CertificateUnusable extends Schema.TaggedError<CertificateUnusable>(
  "@ociman/node/NodeRegistryHttp/CertificateUnusable"
)("CertificateUnusable", {
  path: Schema.String,
  reason: Schema.Literal("Unreadable", "Incomplete", "Malformed"),
  detail: Schema.String
}) {
  /**
   * Code like those of Node.js for certificate errors, which are not retried.
   *
   * @since 0.1.0
   */
  readonly code = "ERR_CERTIFICATE_FILE"

  /**
   * @since 0.1.0
   */
  override get message(): string {
    return `${this.path} ${this.detail}`
  }
}

/**
 * Looks up the certificates for a host name or address; an IPv6 address is in brackets.
 *
 * @since 0.1.0
 * @category models
 */
export type FindCertificates = (host: string, port: number) => Effect.Effect<HostCertificates, CertificateUnusable>

const none: HostCertificates = { authorities: [], clients: [] }

const unreadable = (path: string) => (error: PlatformError) =>
  new CertificateUnusable({
    path,
    reason: "Unreadable",
    detail: `cannot be read: ${error._tag === "SystemError" ? error.reason : error.message}`
  })

const incomplete = (path: string, detail: string) => new CertificateUnusable({ path, reason: "Incomplete", detail })

const malformed = (path: string, detail: string) => new CertificateUnusable({ path, reason: "Malformed", detail })

/** Validates a file by a function of Node.js that throws if it is malformed. */
const valid = (path: string, detail: string, use: () => unknown) =>
  Effect.try({
    try: use,
    catch: (cause) => malformed(path, `${detail}${cause instanceof Error ? `: ${cause.message}` : ""}`)
  })

/** Reads the certificates in the directory of a host by the file names of Docker and Podman. */
const readHost = Effect.fnUntraced(function*(
  { fs, path }: { readonly fs: FileSystem.FileSystem; readonly path: Path.Path },
  directory: string
) {
  const names = yield* Effect.mapError(fs.readDirectory(directory), unreadable(directory))
  const bases = (suffix: string) =>
    names.filter((name) => name.endsWith(suffix)).sort().map((name) =>
      path.join(directory, name.slice(0, -suffix.length))
    )
  const read = (file: string) => Effect.mapError(fs.readFileString(file), unreadable(file))

  const certificates = bases(".cert")
  const alone = bases(".key").find((base) => !certificates.includes(base))
  if (alone !== undefined) return yield* incomplete(`${alone}.key`, `has no certificate ${alone}.cert`)

  const authorities = yield* Effect.forEach(bases(".crt"), (base) =>
    Effect.gen(function*() {
      const text = yield* read(`${base}.crt`)
      yield* valid(`${base}.crt`, "is not a certificate in PEM", () => new X509Certificate(text))
      return text
    }))
  const clients = yield* Effect.forEach(certificates, (base) =>
    Effect.gen(function*() {
      if (!names.includes(`${path.basename(base)}.key`)) {
        return yield* incomplete(`${base}.cert`, `has no key ${base}.key; certificate authorities are named *.crt`)
      }
      const certificate = yield* read(`${base}.cert`)
      const key = yield* read(`${base}.key`)
      yield* valid(`${base}.cert`, "is not a certificate in PEM", () => new X509Certificate(certificate))
      yield* valid(
        `${base}.key`,
        "is not the key of its certificate",
        () => createSecureContext({ cert: certificate, key })
      )
      return { certificate, key: Redacted.make(key) }
    }))
  return { authorities, clients }
})

/** Finds the certificates of a host in the first directory that has a subdirectory for it. */
export const find = (
  directories: ReadonlyArray<string>
): Effect.Effect<FindCertificates, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(
    Effect.all({ fs: FileSystem.FileSystem, path: Path.Path }),
    ({ fs, path }) => (host, port) =>
      Effect.gen(function*() {
        const names = port === 443 ? [host, `${host}:443`] : [`${host}:${port}`]
        for (const candidate of directories.flatMap((directory) => names.map((name) => path.join(directory, name)))) {
          // An inaccessible directory belongs to another user.
          const found = yield* fs.stat(candidate).pipe(
            Effect.asSome,
            Effect.catchIf(
              (error) => error._tag === "SystemError" && /^(NotFound|PermissionDenied)$/.test(error.reason),
              () => Effect.succeedNone
            ),
            Effect.mapError(unreadable(candidate))
          )
          if (Option.isSome(found)) return yield* readHost({ fs, path }, candidate)
        }
        return none
      })
  )
