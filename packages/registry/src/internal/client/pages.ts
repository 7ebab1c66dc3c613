/** Lists that are returned in pages. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import type { Target } from "../authentication/authenticator.js"
import type { Address } from "../http/address.js"
import * as addresses from "../http/address.js"
import * as headers from "../http/headers.js"
import * as responses from "../http/responses.js"
import type { Response } from "../http/transport.js"
import type { Client } from "./requests.js"

/** Maximum size of a page in bytes. */
const pageLimit = 4 * 1024 * 1024

/** Maximum number of pages of a list. */
const maximalPages = 10_000

const nextPage = (
  client: Client,
  target: Target,
  response: Response,
  seen: Set<string>
): Effect.Effect<Option.Option<Address>, RegistryError> =>
  Effect.gen(function*() {
    const link = headers.nextLink(response.headers["link"] ?? "")
    if (link === undefined) {
      return yield* responses.failure(response, "InvalidResponse", "its link to the next page is malformed")
    }
    if (Option.isNone(link)) return Option.none()
    const address = yield* client.resolveTarget(target, "page", response, link.value)
    const text = addresses.format(address)
    if (seen.has(text) || seen.size >= maximalPages) {
      return yield* responses.failure(response, "Refused", "its list of pages does not end")
    }
    seen.add(text)
    return Option.some(address)
  })

/** Streams the pages of a list. If `isSupported` rejects a response, the list ends with an empty body. */
export const pages = (
  client: Client,
  target: Target,
  first: Address,
  accept: string,
  isSupported: (response: Response) => Effect.Effect<boolean, RegistryError> = () => Effect.succeed(true)
): Stream.Stream<readonly [response: Response, body: string], RegistryError> =>
  Stream.suspend(() => {
    const seen = new Set([addresses.format(first)])
    return Stream.paginateEffect(first, (address) =>
      Effect.gen(function*() {
        const request = { method: "GET", target, address, headers: { accept } } as const
        const response = yield* client.send(request)
        if (!(yield* isSupported(response))) {
          yield* responses.drop(response)
          return [[response, ""] as const, Option.none<Address>()] as const
        }
        if (response.status !== 200) return yield* client.fail(request, response)
        const body = yield* responses.document(response, pageLimit, "a page of the list")
        return [
          [response, responses.text(body)] as const,
          yield* nextPage(client, target, response, seen)
        ] as const
      }))
  })

/** An empty list may be missing or null. */
const Names = Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))

const List = Schema.parseJson(Schema.Struct({ tags: Names, repositories: Names }))

/** Streams the names of a list without duplicates. */
export const names = (
  client: Client,
  target: Target,
  first: Address,
  member: "tags" | "repositories"
): Stream.Stream<string, RegistryError> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    return pages(client, target, first, "application/json").pipe(
      Stream.mapEffect(([response, body]) =>
        Effect.mapError(
          Schema.decodeUnknown(List)(body),
          () => responses.failure(response, "InvalidResponse", `the body is not a list of ${member}`)
        )
      ),
      Stream.mapConcat((list) =>
        (list[member] ?? []).flatMap((name) => {
          if (typeof name !== "string" || name === "" || seen.has(name)) return []
          seen.add(name)
          return [name]
        })
      )
    )
  })
