import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DockerOptions, EngineEndpoint, Tls } from "./endpoint.js"
import { failWith } from "./endpointError.js"
import { parseDockerHost } from "./hosts.js"
import { home, nonEmpty, readIfPresent } from "./settings.js"

export const resolve = Effect.fnUntraced(function*({ context, hosts = [] }: DockerOptions = {}) {
  if (context !== undefined && hosts.length > 0) {
    return yield* fail("Conflict", "conflicting options: cannot specify both --host and --context")
  }
  const directory = yield* configDirectory
  const name = yield* contextName(directory, context, hosts)
  return name === "default" ? yield* defaultEndpoint(directory, hosts) : yield* endpointOf(directory, name)
})

const fail = failWith("docker")

const configDirectory = Effect.zipWith(
  nonEmpty("DOCKER_CONFIG"),
  home,
  (directory, home) => Option.getOrElse(directory, () => `${home}/.docker`)
)

const contextName = Effect.fnUntraced(
  function*(directory: string, context: string | undefined, hosts: ReadonlyArray<string>) {
    if (context !== undefined) return context
    if (hosts.length > 0 || Option.isSome(yield* nonEmpty("DOCKER_HOST"))) return "default"
    const named = yield* nonEmpty("DOCKER_CONTEXT")
    if (Option.isSome(named)) return named.value
    return Option.getOrElse(yield* currentContext(directory), () => "default")
  }
)

/**
 * Display name of the setting that selects the endpoint of Docker's client; none if the client uses its default.
 */
export const namedBy: Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> = Effect.gen(function*() {
  if (Option.isSome(yield* nonEmpty("DOCKER_HOST"))) return Option.some("DOCKER_HOST")
  const directory = yield* configDirectory
  const name = yield* contextName(directory, undefined, [])
  if (name === "default") return Option.none()
  return Option.isSome(yield* nonEmpty("DOCKER_CONTEXT"))
    ? Option.some("DOCKER_CONTEXT")
    : Option.some(`the current context "${name}" of ${directory}/config.json`)
})

const ConfigFile = Schema.parseJson(Schema.Struct({ currentContext: Schema.optional(Schema.String) }))

// The client also ignores a file that it cannot read, with a warning.
const currentContext = (directory: string) =>
  readIfPresent(`${directory}/config.json`).pipe(
    Effect.flatten,
    Effect.flatMap(Schema.decode(ConfigFile)),
    Effect.map(({ currentContext }) => Option.filter(Option.fromNullable(currentContext), (name) => name !== "")),
    Effect.orElseSucceed(() => Option.none<string>())
  )

const defaultEndpoint = Effect.fnUntraced(function*(directory: string, hosts: ReadonlyArray<string>) {
  const [host, ...more] = hosts
  if (more.length > 0) return yield* fail("Conflict", "Specify only one -H")
  const verify = Option.isSome(yield* nonEmpty("DOCKER_TLS_VERIFY"))
  const hasTls = verify || Option.isSome(yield* nonEmpty("DOCKER_TLS"))
  const text = host ?? Option.getOrElse(yield* nonEmpty("DOCKER_HOST"), () => "")
  const url = yield* Effect.catchAll(parseDockerHost(text, hasTls), (detail) => fail("InvalidHost", detail))
  const tls = hasTls ? Option.some(yield* environmentTls(directory, !verify)) : Option.none<Tls>()
  return endpoint("default", url, tls)
})

const environmentTls = Effect.fnUntraced(function*(directory: string, skipVerify: boolean) {
  const path = Option.getOrElse(yield* nonEmpty("DOCKER_CERT_PATH"), () => directory)
  const tls = yield* tlsFiles(path, skipVerify)
  return Option.isSome(tls.ca)
    ? tls
    : yield* fail("TlsFileMissing", `open ${path}/ca.pem: no such file or directory`)
})

const tlsFiles = Effect.fnUntraced(function*(directory: string, skipVerify: boolean) {
  const fs = yield* FileSystem.FileSystem
  const file = (name: string) => {
    const path = `${directory}/${name}.pem`
    return fs.exists(path).pipe(
      Effect.orElseSucceed(() => false),
      Effect.map((exists) => exists ? Option.some(path) : Option.none<string>())
    )
  }
  return {
    skipVerify,
    ...yield* Effect.all({ ca: file("ca"), certificate: file("cert"), key: file("key") })
  } satisfies Tls
})

const ContextFile = Schema.parseJson(Schema.Struct({
  Name: Schema.String,
  Endpoints: Schema.Struct({
    docker: Schema.Struct({
      Host: Schema.optional(Schema.String),
      SkipTLSVerify: Schema.optional(Schema.Boolean)
    })
  })
}))

/**
 * Endpoint of a context. The client names the directory of a context by the
 * SHA-256 of its name; here it is found by the name in its file.
 */
const endpointOf = Effect.fnUntraced(function*(directory: string, name: string) {
  const fs = yield* FileSystem.FileSystem
  const contexts = `${directory}/contexts`
  const ids = yield* Effect.orElseSucceed(fs.readDirectory(`${contexts}/meta`), () => [])
  const unreadable: Array<string> = []
  for (const id of ids) {
    const path = `${contexts}/meta/${id}/meta.json`
    const file = yield* Effect.either(Effect.flatMap(fs.readFileString(path), Schema.decode(ContextFile)))
    if (file._tag === "Left") {
      unreadable.push(`${path}: ${file.left.message}`)
      continue
    }
    if (file.right.Name !== name) continue
    const { Host = "", SkipTLSVerify = false } = file.right.Endpoints.docker
    const tls = yield* tlsFiles(`${contexts}/tls/${id}/docker`, SkipTLSVerify)
    const hasTls = SkipTLSVerify || [tls.ca, tls.certificate, tls.key].some(Option.isSome)
    const url = yield* Effect.catchAll(parseDockerHost(Host, false), (detail) => fail("InvalidHost", detail))
    return endpoint(name, url, hasTls ? Option.some(tls) : Option.none())
  }
  return yield* unreadable.length === 0
    ? fail("ContextNotFound", `context "${name}": context not found in ${contexts}/meta`)
    : fail(
      "InvalidContext",
      `context "${name}": not found in ${contexts}/meta, where these files cannot be read:\n${unreadable.join("\n")}`
    )
})

const endpoint = (context: string, url: string, tls: Option.Option<Tls>): EngineEndpoint => ({
  url,
  context: Option.some(context),
  tls,
  identity: Option.none()
})
