/** Addresses of registries. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { TokenScope } from "../../author/TokenScope.js"
import { type RegistryError, RegistryFailed } from "../../RegistryError.js"
import type { RegistryKey } from "../../Repository.js"
import type { SecurityPolicy } from "../../SecurityPolicy.js"
import type { Target } from "../authentication/authenticator.js"
import * as dockerHub from "../dockerHub.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as responses from "../http/responses.js"
import { isCertificate, isRefused, type Request, type Response } from "../http/transport.js"
import { isLoopback } from "../http/urlPolicy.js"

export interface Endpoints {
  readonly target: (key: RegistryKey, scopes: ReadonlyArray<TokenScope>) => Effect.Effect<Target, RegistryError>
}

/** Time limit for finding out if a loopback registry supports https. */
const probeTimeout = Duration.seconds(5)

/** Returns the address of a path on a registry. */
export const addressOf = ({ namespace, registry }: Target, path: string): Address =>
  addresses.withQuery({ ...registry, path }, namespace === undefined ? [] : [["ns", namespace]])

type Send = (request: Request) => Effect.Effect<Response, RegistryFailed>

/** Checks if a loopback registry supports https; none if it refuses connections. */
const supportsHttps = (send: Send, address: Address): Effect.Effect<Option.Option<boolean>> =>
  send({ method: "GET", address, headers: {}, body: { _tag: "None" } }).pipe(
    Effect.tap(responses.drop),
    Effect.as(Option.some(true)),
    Effect.timeout(probeTimeout),
    Effect.catchTags({
      RegistryFailed: (error) => Effect.succeed(isRefused(error) ? Option.none() : Option.some(isCertificate(error))),
      TimeoutException: () => Effect.succeedSome(false)
    })
  )

export const make = (policy: SecurityPolicy, send: Send): Effect.Effect<Endpoints> =>
  Effect.gen(function*() {
    const loopback = yield* SynchronizedRef.make<ReadonlyMap<string, Address>>(new Map())

    const find = (host: string): Effect.Effect<Address, RegistryFailed> =>
      Effect.gen(function*() {
        const name = host === dockerHub.domain ? dockerHub.registryHost : host
        const parsed = addresses.parse(`https://${name}/v2/`)
        if (Option.isNone(parsed)) {
          return yield* new RegistryFailed({
            reason: "Refused",
            method: "GET",
            url: host,
            detail: "the host name is invalid"
          })
        }
        const https = parsed.value
        const http = Option.getOrElse(addresses.parse(`http://${name}/v2/`), () => https)
        if (policy.plainHttp.includes(host)) return http
        if (!isLoopback(https)) return https
        return yield* SynchronizedRef.modifyEffect(loopback, (known) =>
          Either.match(Either.fromNullable(known.get(host), () => host), {
            onRight: (address) =>
              Effect.succeed([address, known] as const),
            onLeft: () =>
              Effect.map(supportsHttps(send, https), (supported) => {
                const address = Option.contains(supported, true) ? https : http
                return [address, Option.isSome(supported) ? new Map(known).set(host, address) : known] as const
              })
          }))
      })

    return {
      target: (key, scopes) =>
        Effect.map(find(key.host), (registry) => ({ key, registry, scopes }))
    }
  })
