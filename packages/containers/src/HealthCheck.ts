/**
 * Health check of a container, which the engine runs. Podman runs health checks
 * by timers of systemd: on a machine without it none is run, and the state
 * stays `starting`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Retries } from "./internal/values/retries.js"
import { firstOf, nonEmpty, noNul, present, refined, type Rule } from "./internal/values/text.js"

const Period = Schema.DurationFromSelf.pipe(
  Schema.filter((duration) =>
    Duration.isFinite(duration) && Duration.toMillis(duration) >= 1
      ? undefined
      : `Invalid duration ${Duration.format(duration)}: it is not finite and 1 millisecond or more`, {
    identifier: "Period"
  })
)

const decodeStrings = Schema.decodeEither(Schema.parseJson(Schema.Array(Schema.String)))

/** For Podman `CMD` and `NONE`, and an array in JSON, are other forms of a check; for Docker they are the shell's. */
const isShellForEveryEngine: Rule = (command) => {
  const [word] = command.split(" ", 1)
  return /^(?:none|cmd|cmd-shell)$/i.test(word) || Either.isRight(decodeStrings(command))
    ? "Podman would not give it to a shell"
    : undefined
}

/**
 * A command that an engine runs in the container again and again. Exit code 0 is healthy.
 *
 * The command is for a shell. It is not empty, its first word is not `NONE`, `CMD` or `CMD-SHELL`, and it is not an array
 * in JSON, all of which Podman reads as something else.
 *
 * @see https://github.com/containers/podman/blob/v4.3.1/pkg/specgenutil/specgen.go
 * @since 0.1.0
 * @category models
 */
export class Command extends Schema.TaggedClass<Command>("@ociman/containers/HealthCheck/Command")("Command", {
  command: refined("HealthCommand", "health command", firstOf(nonEmpty, noNul, isShellForEveryEngine)),
  interval: Schema.optionalWith(Period, { exact: true }),
  timeout: Schema.optionalWith(Period, { exact: true }),
  startPeriod: Schema.optionalWith(Period, { exact: true }),
  startInterval: Schema.optionalWith(Period, { exact: true }),
  retries: Schema.optionalWith(Retries, { exact: true })
}) {}

/**
 * No check, not even the one of the image.
 *
 * @since 0.1.0
 * @category models
 */
export class Disabled extends Schema.TaggedClass<Disabled>("@ociman/containers/HealthCheck/Disabled")("Disabled", {}) {}

/**
 * How an engine finds out whether a container is healthy.
 *
 * @since 0.1.0
 * @category models
 */
export type HealthCheck = Command | Disabled

/**
 * How an engine finds out whether a container is healthy.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HealthCheck: Schema.Union<[typeof Command, typeof Disabled]> = Schema.Union(Command, Disabled)

/**
 * @since 0.1.0
 */
export declare namespace HealthCheck {
  /**
   * How often and how long a check is made. Durations are 1 millisecond or more.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    /** Between two checks; 30 seconds if left out. */
    readonly interval?: Duration.DurationInput | undefined
    /** After which a check has failed; 30 seconds if left out. */
    readonly timeout?: Duration.DurationInput | undefined
    /** After the start, in which failures don't count; none if left out. */
    readonly startPeriod?: Duration.DurationInput | undefined
    /** Between two checks in the start period. Docker 25 and later; other engines refuse it. */
    readonly startInterval?: Duration.DurationInput | undefined
    /** How many failures in a row make a container unhealthy, 1 or more; 3 if left out. */
    readonly retries?: number | undefined
  }
}

const period = (input: Duration.DurationInput | undefined): Duration.Duration | undefined =>
  input === undefined ? undefined : Duration.decode(input)

/**
 * A check by a command for the shell of the container (`/bin/sh -c`), the one form that every engine takes. Throws if
 * the command breaks the rule of {@link Command}, or a duration is not finite and at least 1 millisecond.
 *
 * @example
 * ```ts
 * import { HealthCheck } from "@ociman/containers"
 *
 * assert.deepStrictEqual(
 *   HealthCheck.format(HealthCheck.make("pg_isready -U postgres", { interval: "1 second", retries: 5 })),
 *   ["--health-cmd", "pg_isready -U postgres", "--health-interval", "1s", "--health-retries", "5"]
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (command: string, options: HealthCheck.Options = {}): Command =>
  new Command({
    command,
    ...present({
      interval: period(options.interval),
      timeout: period(options.timeout),
      startPeriod: period(options.startPeriod),
      startInterval: period(options.startInterval),
      retries: options.retries
    })
  })

/**
 * No check, not even the one of the image.
 *
 * @since 0.1.0
 * @category constructors
 */
export const disabled: Disabled = new Disabled()

/** A duration as Go reads it. */
const formatPeriod = (duration: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(duration))
  return millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`
}

const flag = <A>(name: string, value: A | undefined, format: (value: A) => string): ReadonlyArray<string> =>
  value === undefined ? [] : [name, format(value)]

/**
 * The flags for `docker create` and `podman create`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: HealthCheck): ReadonlyArray<string> =>
  self._tag === "Disabled" ? ["--no-healthcheck"] : [
    "--health-cmd",
    self.command,
    ...flag("--health-interval", self.interval, formatPeriod),
    ...flag("--health-timeout", self.timeout, formatPeriod),
    ...flag("--health-start-period", self.startPeriod, formatPeriod),
    ...flag("--health-start-interval", self.startInterval, formatPeriod),
    ...flag("--health-retries", self.retries, String)
  ]
