/**
 * Limits on the resources of a container's processes.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { excerpt, fromString } from "./internal/values/text.js"

/**
 * Resources that can be limited, as in `setrlimit(2)` without `RLIMIT_`.
 *
 * @see https://github.com/docker/go-units/blob/v0.5.0/ulimit.go
 * @since 0.1.0
 * @category schemas
 */
export const Name = Schema.Literal(
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack"
)

/**
 * Resources that can be limited.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

const Limit = Schema.Number.pipe(
  Schema.filter((limit) =>
    Number.isSafeInteger(limit) && limit >= -1
      ? undefined
      : `Invalid limit ${limit}: it is not an integer from 0 to 2^53 - 1, or -1 for no limit`, { identifier: "Limit" })
)

const effective = (limit: number): number => limit === -1 ? Infinity : limit

/**
 * Soft and hard limit of a resource. A process may raise its soft limit up to the hard one. `-1` is no limit. Units are
 * those of `setrlimit(2)`.
 *
 * @see https://man7.org/linux/man-pages/man2/setrlimit.2.html
 * @since 0.1.0
 * @category models
 */
export class Ulimit extends Schema.Class<Ulimit>("@ociman/containers/Ulimit")(
  Schema.Struct({ name: Name, soft: Limit, hard: Limit }).pipe(
    Schema.filter(({ hard, soft }) =>
      effective(soft) <= effective(hard)
        ? undefined
        : `Invalid limits ${soft}:${hard}: the soft limit is above the hard one`
    )
  )
) {}

/**
 * Creates a limit. The hard limit defaults to the soft one; `-1` is no limit. Throws if the soft limit is above the
 * hard one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: Name, soft: number, hard: number = soft): Ulimit => new Ulimit({ name, soft, hard })

/**
 * Formats the value of `--ulimit`: `name=soft:hard`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ hard, name, soft }: typeof Ulimit.Encoded): string => `${name}=${soft}:${hard}`

/**
 * Limit in the notation of `--ulimit`: `name=soft` or `name=soft:hard`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<Ulimit, string> = fromString({
  identifier: "UlimitFromString",
  what: "ulimit",
  to: Ulimit,
  parse: (text) => {
    const match = /^([a-z]+)=(-?[0-9]+)(?::(-?[0-9]+))?$/.exec(text)
    if (match === null) return Either.left("it is not like \"nofile=1024\" or \"nofile=1024:2048\"")
    const [, name, soft, hard] = match
    return Schema.is(Name)(name)
      ? Either.right({ name, soft: Number(soft), hard: Number(hard ?? soft) })
      : Either.left(`${excerpt(name)} is not one of ${Name.literals.join(", ")}`)
  },
  format
})
