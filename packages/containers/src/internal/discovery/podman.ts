import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Engine from "../../Engine.js"
import * as connections from "./connections.js"
import type { EngineEndpoint, PodmanOptions } from "./endpoint.js"
import { failWith } from "./endpointError.js"
import { parsePodmanHost } from "./hosts.js"
import { nonEmpty, setting } from "./settings.js"

const fail = failWith("podman")

export const resolve = Effect.fnUntraced(function*(options: PodmanOptions = {}) {
  const isNew = options.version !== undefined && Engine.isAtLeast(options.version, 5)
  const known = yield* connections.load(isNew)
  // Version 4 takes an empty value for a host, and rejects it.
  const host = yield* isNew ? nonEmpty("CONTAINER_HOST") : setting("CONTAINER_HOST")
  const key = yield* nonEmpty("CONTAINER_SSHKEY")
  const connection = options.connection === undefined
    ? yield* nonEmpty("CONTAINER_CONNECTION")
    : Option.some(options.connection)

  if (options.url !== undefined) return yield* endpointAt(options.url, key)
  if (Option.isSome(host) && (!isNew || Option.isNone(connection))) return yield* endpointAt(host.value, key)
  if (Option.isSome(connection)) {
    const destination = known.destinations.get(connection.value)
    return destination === undefined
      ? yield* fail(
        "ContextNotFound",
        `failed to resolve active destination: "${connection.value}" service destination not found`
      )
      : yield* endpointAt(destination.url, destination.identity, Option.some(connection.value))
  }
  if (options.remote !== true && !known.remote) return Option.none<EngineEndpoint>()
  const active = Option.getOrElse(known.active, () => "")
  const destination = known.destinations.get(active)
  return destination === undefined
    ? yield* endpointAt(yield* defaultSocket(options.rootless ?? false), Option.none())
    : yield* endpointAt(destination.url, destination.identity, Option.some(active))
})

/**
 * Name of the setting that selects the endpoint of Podman's client; none if the client uses its default.
 */
export const namedBy: Effect.Effect<Option.Option<string>> = Effect.gen(function*() {
  if (Option.isSome(yield* nonEmpty("CONTAINER_HOST"))) return Option.some("CONTAINER_HOST")
  return Option.as(yield* nonEmpty("CONTAINER_CONNECTION"), "CONTAINER_CONNECTION")
})

const endpointAt = (host: string, identity: Option.Option<string>, context: Option.Option<string> = Option.none()) =>
  parsePodmanHost(host).pipe(
    Effect.catchAll((detail) => fail("InvalidHost", detail)),
    Effect.map((url): Option.Option<EngineEndpoint> => Option.some({ url, context, identity, tls: Option.none() }))
  )

const defaultSocket = (rootless: boolean) =>
  Effect.map(nonEmpty("XDG_RUNTIME_DIR"), (directory) =>
    rootless && Option.isSome(directory)
      ? `unix://${directory.value}/podman/podman.sock`
      : "unix:///run/podman/podman.sock")
