/**
 * User of a process in a container.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { each, excerpt, firstOf, fromString, nonEmpty, present, refined } from "./internal/values/text.js"

/**
 * Uid or gid, 0 to 2147483647.
 *
 * @see https://github.com/opencontainers/runc/blob/v1.1.5/libcontainer/user/user.go
 * @since 0.1.0
 * @category schemas
 */
export const Id = Schema.Number.pipe(
  Schema.filter((id) =>
    Number.isInteger(id) && id >= 0 && id <= 0x7FFFFFFF
      ? undefined
      : `Invalid user or group id ${id}: it is not an integer from 0 to 2147483647`, { identifier: "Id" })
)

/**
 * Name of a user or a group in the container: not empty, without `:`, white space and ASCII control characters, and not
 * only digits, which engines parse as an id.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined(
  "UserName",
  "user or group name",
  firstOf(
    nonEmpty,
    each(
      (char) => char > " " && char !== "\x7F" && char !== ":",
      "a name has no \":\", no white space and no control characters"
    ),
    (text) => /^[0-9]+$/.test(text) ? "it has only digits, and would be an id" : undefined
  )
)

/**
 * User of a process, by name or uid, and optionally its group, by name or gid. Default: the primary group of the user.
 *
 * @since 0.1.0
 * @category models
 */
export class User extends Schema.Class<User>("@ociman/containers/User")({
  user: Schema.Union(Id, Name),
  group: Schema.optionalWith(Schema.Union(Id, Name), { exact: true })
}) {}

/**
 * Creates a user from a uid and an optional gid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ids = (uid: number, gid?: number): User => new User({ user: uid, ...present({ group: gid }) })

/**
 * Formats the value of `--user`: `user` or `user:group`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ group, user }: typeof User.Encoded): string =>
  group === undefined ? `${user}` : `${user}:${group}`

const part = (text: string): string | number => /^[0-9]+$/.test(text) ? Number(text) : text

/**
 * User in the notation of `--user`: `user` or `user:group`, each a name or an id.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<User, string> = fromString({
  identifier: "UserFromString",
  what: "user",
  to: User,
  parse: (text) => {
    const [user, group, ...rest] = text.split(":")
    return rest.length > 0
      ? Either.left(`${excerpt(":")} separates a user and a group, and there is more than one`)
      : Either.right({ user: part(user), ...present({ group: group === undefined ? undefined : part(group) }) })
  },
  format
})

/**
 * Creates a user from a literal such as `"postgres"` or `"1000:1000"`. Throws if it is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (user: string) => User = Schema.decodeSync(FromString)
