/**
 * Restart policy of a container that ends by itself.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Retries } from "./internal/values/retries.js"
import { fromString, present } from "./internal/values/text.js"

/**
 * Restart policy of a container that ends by itself.
 *
 * - `no`: never restart
 * - `always`: restart, also when the engine starts
 * - `unless-stopped`: as `always`, unless the container was stopped explicitly
 * - `on-failure`: restart after a non-zero exit code, at most `maximumRetries` times, by default without limit
 *
 * @since 0.1.0
 * @category models
 */
export class RestartPolicy extends Schema.Class<RestartPolicy>("@ociman/containers/RestartPolicy")(
  Schema.Struct({
    name: Schema.Literal("no", "always", "unless-stopped", "on-failure"),
    maximumRetries: Schema.optionalWith(Retries, { exact: true })
  }).pipe(
    Schema.filter(({ maximumRetries, name }) =>
      maximumRetries === undefined || name === "on-failure"
        ? undefined
        : `Invalid restart policy ${name}: only on-failure has a number of retries`
    )
  )
) {}

/**
 * Never restarts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const no: RestartPolicy = new RestartPolicy({ name: "no" })

/**
 * Restarts always, also when the engine starts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const always: RestartPolicy = new RestartPolicy({ name: "always" })

/**
 * Restarts, unless the container was stopped explicitly.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unlessStopped: RestartPolicy = new RestartPolicy({ name: "unless-stopped" })

/**
 * Restarts after a non-zero exit code, at most `maximumRetries` times (1 or more). Default: without limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onFailure = (maximumRetries?: number): RestartPolicy =>
  new RestartPolicy({ name: "on-failure", ...present({ maximumRetries }) })

/**
 * Formats the value of `--restart`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ maximumRetries, name }: typeof RestartPolicy.Encoded): string =>
  maximumRetries === undefined ? name : `${name}:${maximumRetries}`

/**
 * Policy in the notation of `--restart`: `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:retries`. As on
 * the engines, 0 retries means no limit.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<RestartPolicy, string> = fromString({
  identifier: "RestartPolicyFromString",
  what: "restart policy",
  to: RestartPolicy,
  parse: (text) => {
    if (text === "no" || text === "always" || text === "unless-stopped") return Either.right({ name: text })
    const match = /^on-failure(?::([0-9]+))?$/.exec(text)
    if (match === null) return Either.left("it is not no, always, unless-stopped, on-failure or on-failure:<retries>")
    const retries = Number(match[1] ?? 0)
    return Either.right({ name: "on-failure", ...present({ maximumRetries: retries === 0 ? undefined : retries }) })
  },
  format
})

/**
 * Creates a policy from a literal such as `"always"` or `"on-failure:3"`. Throws if it is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (policy: string) => RestartPolicy = Schema.decodeSync(FromString)
