/** Lists that come page by page. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../RegistryError.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import type { Client } from "./client.js"
import * as headers from "./headers.js"
import type { Target } from "./proofs.js"
import type { Answer } from "./transport.js"

/** More than any page has. */
const pageLimit = 4 * 1024 * 1024

/** A list without an end is no list. */
const maximalPages = 10_000

const next = (
  client: Client,
  target: Target,
  answer: Answer,
  seen: Set<string>
): Effect.Effect<Option.Option<Address>, RegistryError> =>
  Effect.gen(function*() {
    const link = headers.nextLink(answer.headers["link"] ?? "")
    if (link === undefined) {
      return yield* answers.failure(answer, "InvalidAnswer", "its link to the next page cannot be read")
    }
    if (Option.isNone(link)) return Option.none()
    const address = yield* client.pointed(target, "page", answer, link.value)
    const text = addresses.format(address)
    if (seen.has(text) || seen.size >= maximalPages) {
      return yield* answers.failure(answer, "Refused", "its pages have no end")
    }
    seen.add(text)
    return Option.some(address)
  })

/** The answers to a request and to those for the pages that follow, with their bodies. */
export const pages = (
  client: Client,
  target: Target,
  first: Address,
  accept: string,
  isGood: (answer: Answer) => Effect.Effect<boolean, RegistryError> = () => Effect.succeed(true)
): Stream.Stream<readonly [answer: Answer, body: string], RegistryError> =>
  Stream.suspend(() => {
    const seen = new Set([addresses.format(first)])
    return Stream.paginateEffect(first, (address) =>
      Effect.gen(function*() {
        const asked = { method: "GET", target, address, headers: { accept } } as const
        const answer = yield* client.send(asked)
        if (!(yield* isGood(answer))) {
          yield* answers.drop(answer)
          return [[answer, ""] as const, Option.none<Address>()] as const
        }
        if (answer.status !== 200) return yield* client.refuse(asked, answer)
        const body = yield* answers.document(answer, pageLimit, "a page of the list")
        return [[answer, answers.text(body)] as const, yield* next(client, target, answer, seen)] as const
      }))
  })

/** What servers put into lists of names: also nothing at all, in several ways. */
const Names = Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))

const List = Schema.parseJson(Schema.Struct({ tags: Names, repositories: Names }))

/** The names of a list, each once, page by page. */
export const names = (
  client: Client,
  target: Target,
  first: Address,
  member: "tags" | "repositories"
): Stream.Stream<string, RegistryError> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    return pages(client, target, first, "application/json").pipe(
      Stream.mapEffect(([answer, body]) =>
        Effect.mapError(
          Schema.decodeUnknown(List)(body),
          () => answers.failure(answer, "InvalidAnswer", `this is no list of ${member}`)
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
