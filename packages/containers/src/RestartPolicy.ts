/**
 * What an engine does when a container ends by itself.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Retries } from "./internal/values/retries.js"
import { fromString, present } from "./internal/values/text.js"

/**
 * What an engine does when a container ends by itself.
 *
 * - `no`: nothing
 * - `always`: start it again, also when the engine starts
 * - `unless-stopped`: the same, unless it was stopped on purpose
 * - `on-failure`: start it again after an exit code other than 0, `maximumRetries` times, or without end if left out
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
 * Never.
 *
 * @since 0.1.0
 * @category constructors
 */
export const no: RestartPolicy = new RestartPolicy({ name: "no" })

/**
 * Always, also when the engine starts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const always: RestartPolicy = new RestartPolicy({ name: "always" })

/**
 * Always, unless it was stopped on purpose.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unlessStopped: RestartPolicy = new RestartPolicy({ name: "unless-stopped" })

/**
 * After an exit code other than 0, at most `maximumRetries` times (1 or more), or without end if left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onFailure = (maximumRetries?: number): RestartPolicy =>
  new RestartPolicy({ name: "on-failure", ...present({ maximumRetries }) })

/**
 * The value of `--restart`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ maximumRetries, name }: typeof RestartPolicy.Encoded): string =>
  maximumRetries === undefined ? name : `${name}:${maximumRetries}`

/**
 * A policy as `--restart` takes it: `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:retries`. As for the
 * engines, 0 retries are any number of them.
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
 * A policy by a literal such as `"always"` or `"on-failure:3"`. Throws if it is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (policy: string) => RestartPolicy = Schema.decodeSync(FromString)
