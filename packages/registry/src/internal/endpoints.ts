/** Where registries are. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { type RegistryError, RegistryFailed } from "../RegistryError.js"
import type { RegistryKey } from "../RegistryKey.js"
import type { SecurityPolicy } from "../SecurityPolicy.js"
import type { TokenScope } from "../TokenScope.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import { isLoopback } from "./following.js"
import * as hub from "./hub.js"
import type { Target } from "./proofs.js"
import { type Answer, isCertificate, isRefused, type Request } from "./transport.js"

export interface Endpoints {
  readonly target: (key: RegistryKey, scopes: ReadonlyArray<TokenScope>) => Effect.Effect<Target, RegistryError>
}

/** Docker Hub's registry is not where its name says. */
const hubHost = "registry-1.docker.io"

const probing = Duration.seconds(5)

/** An address of a registry. */
export const at = ({ namespace, registry }: Target, path: string): Address =>
  addresses.withQuery({ ...registry, path }, namespace === undefined ? [] : [["ns", namespace]])

export const make = (
  policy: SecurityPolicy,
  send: (request: Request) => Effect.Effect<Answer, RegistryFailed>
): Effect.Effect<Endpoints> =>
  Effect.gen(function*() {
    const decided = yield* SynchronizedRef.make<ReadonlyMap<string, Address>>(new Map())

    /** Whether a registry on the machine itself has encryption; nothing as long as there is none at all. */
    const isEncrypted = (address: Address): Effect.Effect<Option.Option<boolean>> =>
      send({ method: "GET", address, headers: {}, body: { _tag: "None" } }).pipe(
        Effect.tap(answers.drop),
        Effect.as(Option.some(true)),
        Effect.timeout(probing),
        Effect.catchTags({
          RegistryFailed: (error) =>
            Effect.succeed(isRefused(error) ? Option.none() : Option.some(isCertificate(error))),
          TimeoutException: () => Effect.succeedSome(false)
        })
      )

    const find = (host: string): Effect.Effect<Address, RegistryFailed> =>
      Effect.gen(function*() {
        const name = host === hub.domain ? hubHost : host
        const read = addresses.parse(`https://${name}/v2/`)
        if (Option.isNone(read)) {
          return yield* new RegistryFailed({
            reason: "Refused",
            method: "GET",
            url: host,
            detail: "this is no name of a host"
          })
        }
        const https = read.value
        const http = Option.getOrElse(addresses.parse(`http://${name}/v2/`), () => https)
        if (policy.plainHttp.includes(host)) return http
        if (!isLoopback(https)) return https
        return yield* SynchronizedRef.modifyEffect(decided, (known) =>
          Either.match(Either.fromNullable(known.get(host), () => host), {
            onRight: (address) => Effect.succeed([address, known] as const),
            onLeft: () =>
              Effect.map(isEncrypted(https), (encrypted) => {
                const address = Option.contains(encrypted, true) ? https : http
                return [address, Option.isSome(encrypted) ? new Map(known).set(host, address) : known] as const
              })
          }))
      })

    return {
      target: (key, scopes) =>
        Effect.map(find(key.host), (registry) => ({ key, registry, scopes }))
    }
  })
