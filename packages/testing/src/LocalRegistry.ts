/**
 * A real registry on this machine: CNCF Distribution, whose server must be on
 * `PATH` as `docker-registry` (so Debian calls it) or `registry`. It listens on
 * the loopback address only, so engines speak to it without encryption unless
 * it is asked for.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { Primitives } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import * as TemporaryDirectory from "@ociman/oci/author/TemporaryDirectory"
import { CommandFailed, Subprocess } from "@ociman/process"
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
  /** Its name in references, an address and a port. */
  readonly host: string
  /** Its address in the form `http://127.0.0.1:5000`. */
  readonly url: string
  /** Who vouches for it, in PEM, if it is spoken to with encryption. */
  readonly certificateAuthority: Option.Option<string>
  /** An image in it, by what follows the name of the registry, such as `app:1`. A text that does not parse is a defect. */
  readonly reference: (path: string) => Reference.Reference
}

/**
 * A registry for as long as the layer lives.
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
  /** Who alone may use it, for which `htpasswd` must be on `PATH`. Default: everybody. */
  readonly credentials?: Primitives.Credentials | undefined
  /** Whose tokens alone let one in. Default: no tokens are asked for. */
  readonly tokens?: TokenServer | undefined
  /** Whether it is spoken to with encryption, for which `openssl` must be on `PATH`. Default: it is not. */
  readonly encrypted?: boolean | undefined
  /** Further settings of its configuration file, by their names at the top of it. Default: none. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
}

/**
 * A server that gives out tokens, which is not part of the registry.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/configuration.md#token
 * @since 0.1.0
 * @category models
 */
export interface TokenServer {
  /** Where clients ask it. */
  readonly realm: string
  /** What the registry is called there. */
  readonly service: string
  /** What it calls itself in its tokens. */
  readonly issuer: string
  /** The certificate, in PEM, of the key that signs its tokens. */
  readonly certificate: string
}

/**
 * What starting it may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = CommandFailed.CommandFailed | PlatformError.PlatformError | ToolMissing

type Requirements = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * Starts an empty registry on a free port. It is gone, with all that was pushed
 * to it, when the scope closes.
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
 * A registry for as long as the layer lives.
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

// It says where it listens, which nobody can know before.
const listening = /listening on 127\.0\.0\.1:(\d+)/

const serve = (executable: string, configuration: string) =>
  Effect.gen(function*() {
    const port = yield* Deferred.make<string, CommandFailed.CommandFailed>()
    const said: Array<string> = []
    const server = yield* Subprocess.start(Command.make(executable, "serve", configuration))
    const listen = (line: string) => {
      const [, found] = listening.exec(line) ?? []
      if (found !== undefined) return Deferred.succeed(port, found)
      said.push(line)
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
          stderr: said.slice(-20).join("\n"),
          duration: Duration.zero
        })
      ),
      Effect.catchAll((error) => Deferred.fail(port, error)),
      Effect.interruptible,
      Effect.forkScoped
    )
    return yield* Deferred.await(port)
  })
