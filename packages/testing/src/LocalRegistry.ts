/**
 * A real registry on this machine: CNCF Distribution, whose server must be on
 * `PATH` as `docker-registry` (its name on Debian) or `registry`. It listens on
 * the loopback address only, so engines accept it without encryption.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type * as BackendDriver from "@ociman/containers/BackendDriver"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import * as Reference from "@ociman/oci/Reference"
import * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as certificates from "./internal/certificates.js"
import { orMissing } from "./internal/missing.js"
import type { ToolMissing } from "./ToolMissing.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Host in references: an address and a port. */
  readonly host: string
  /** Base URL, such as `http://127.0.0.1:5000`. */
  readonly url: string
  /** Certificate authority of an encrypted registry, in PEM. */
  readonly certificateAuthority: Option.Option<string>
  /** Makes a reference to an image in the registry from a path such as `app:1`. A path that does not parse is a defect. */
  readonly reference: (path: string) => Reference.Reference
}

/**
 * A registry on this machine.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalRegistry extends Context.Tag("@ociman/testing/LocalRegistry")<LocalRegistry, Service>() {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Credentials that requests must have; needs `htpasswd` on `PATH`. Default: no authentication. */
  readonly credentials?: BackendDriver.Credentials | undefined
  /** Token server whose tokens requests must have. Default: no tokens are required. */
  readonly tokens?: TokenServer | undefined
  /** If true, the registry uses TLS; needs `openssl` on `PATH`. Default: false. */
  readonly encrypted?: boolean | undefined
  /** Additional top-level settings of the configuration file. Default: none. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
}

/**
 * An external server that issues tokens.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/configuration.md#token
 * @since 0.1.0
 * @category models
 */
export interface TokenServer {
  /** URL at which clients request tokens. */
  readonly realm: string
  /** Name of the registry at the token server. */
  readonly service: string
  /** Issuer name in the tokens. */
  readonly issuer: string
  /** Certificate, in PEM, of the key that signs the tokens. */
  readonly certificate: string
}

/**
 * Errors of starting the registry.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = CommandFailed.CommandFailed | PlatformError.PlatformError | ToolMissing

type Requirements = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * Starts an empty registry on a free port. When the scope closes, stops it and
 * deletes its content.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, Error, Requirements | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* TemporaryDirectory.makeScoped({ prefix: "ociman-registry-" })
    const configuration = path.join(directory, "config.json")
    const encryption = options.encrypted === true ? Option.some(yield* encryptionOf(directory)) : Option.none()
    const tls = Option.match(encryption, {
      onNone: () => ({}),
      onSome: ({ certificate, key }) => ({ tls: { certificate, key } })
    })
    yield* fs.writeFileString(
      configuration,
      JSON.stringify({
        version: "0.1",
        log: { level: "info", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: path.join(directory, "data") }, delete: { enabled: true } },
        http: { addr: "127.0.0.1:0", ...tls },
        ...(yield* authorization(path.join(directory, "authorization"), options)),
        ...options.settings
      })
    )
    const port = yield* serve("docker-registry", configuration).pipe(
      Effect.catchIf(({ reason }) => reason === "NotFound", () => serve("registry", configuration)),
      orMissing(
        "LocalRegistry",
        "the server of CNCF Distribution (docker-registry or registry on PATH)",
        "Install it (Debian and Ubuntu: apt-get install docker-registry, others: " +
          "go install github.com/distribution/distribution/v3/cmd/registry@latest)."
      )
    )
    const host = `127.0.0.1:${port}`
    return {
      host,
      url: `${Option.isSome(encryption) ? "https" : "http"}://${host}`,
      certificateAuthority: Option.map(encryption, ({ authority }) => authority),
      reference: (path) => Reference.make(`${host}/${path}`)
    }
  })

/**
 * Starts an empty registry on a free port, and stops it when the layer is released.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<LocalRegistry, Error, Requirements> =>
  Layer.scoped(LocalRegistry, make(options))

const encryptionOf = (directory: string) =>
  certificates.make(directory).pipe(
    orMissing("LocalRegistry with encryption", "openssl", "Install it by the package openssl.")
  )

const authorization = (file: string, { credentials, tokens }: Options) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (tokens !== undefined) {
      const { certificate, issuer, realm, service } = tokens
      yield* fs.writeFileString(file, certificate)
      return { auth: { token: { realm, service, issuer, rootcertbundle: file } } }
    }
    if (credentials === undefined) return {}
    const { stdout } = yield* Subprocess.run(
      Command.make("htpasswd", "-niB", "-C", "4", credentials.username),
      { stdin: Redacted.value(credentials.password) }
    ).pipe(
      orMissing(
        "LocalRegistry with credentials",
        "htpasswd",
        "Install it (Debian and Ubuntu: apt-get install apache2-utils, Fedora: dnf install httpd-tools)."
      )
    )
    yield* fs.writeFileString(file, stdout.text, { mode: 0o600 })
    return { auth: { htpasswd: { realm: "ociman", path: file } } }
  })

// The registry picks a free port itself and logs it.
const listening = /listening on 127\.0\.0\.1:(\d+)/

const serve = (executable: string, configuration: string) =>
  Effect.gen(function*() {
    const port = yield* Deferred.make<string, CommandFailed.CommandFailed>()
    const lines: Array<string> = []
    const server = yield* Subprocess.start(Command.make(executable, "serve", configuration))
    const listen = (line: string) => {
      const [, found] = listening.exec(line) ?? []
      if (found !== undefined) return Deferred.succeed(port, found)
      lines.push(line)
      return Effect.void
    }
    yield* Stream.merge(server.stdout, server.stderr).pipe(
      Subprocess.splitLines,
      Stream.runForEach(listen),
      Effect.zipRight(server.exitCode),
      Effect.flatMap((exitCode) =>
        new CommandFailed.CommandFailed({
          reason: "ExitCode",
          executable,
          command: `${executable} serve`,
          exitCode,
          stdout: "",
          stderr: lines.slice(-20).join("\n"),
          duration: Duration.zero
        })
      ),
      Effect.catchAll((error) => Deferred.fail(port, error)),
      Effect.interruptible,
      Effect.forkScoped
    )
    return yield* Deferred.await(port)
  })
