/**
 * Health check of a container. Podman runs health checks by timers of systemd: on a machine without it none is run, and
 * the state stays `starting`.
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

/** Podman parses `CMD`, `NONE` and JSON arrays as other forms of a check; Docker passes them to the shell. */
const isShellForEveryEngine: Rule = (command) => {
  const [word] = command.split(" ", 1)
  return /^(?:none|cmd|cmd-shell)$/i.test(word) || Either.isRight(decodeStrings(command))
    ? "Podman would not run it in a shell"
    : undefined
}

/**
 * Command that the engine runs in the container periodically. Exit code 0 is healthy.
 *
 * The command is run by a shell. It is not empty, its first word is not `NONE`, `CMD` or `CMD-SHELL`, and it is not a
 * JSON array, since Podman parses these as other forms of a check.
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
 * Disables the health check of the image.
 *
 * @since 0.1.0
 * @category models
 */
export class Disabled extends Schema.TaggedClass<Disabled>("@ociman/containers/HealthCheck/Disabled")("Disabled", {}) {}

/**
 * Health check of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type HealthCheck = Command | Disabled

/**
 * Health check of a container.
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
   * Timing of a health check. Durations are at least 1 millisecond.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    /** Time between two checks. Default: 30 seconds. */
    readonly interval?: Duration.DurationInput | undefined
    /** Timeout of one check. Default: 30 seconds. */
    readonly timeout?: Duration.DurationInput | undefined
    /** Time after the start in which failures do not count. Default: none. */
    readonly startPeriod?: Duration.DurationInput | undefined
    /** Time between two checks in the start period. Requires Docker 25; other engines refuse it. */
    readonly startInterval?: Duration.DurationInput | undefined
    /** Number of consecutive failures that make a container unhealthy, at least 1. Default: 3. */
    readonly retries?: number | undefined
  }
}

const period = (input: Duration.DurationInput | undefined): Duration.Duration | undefined =>
  input === undefined ? undefined : Duration.decode(input)

/**
 * Checks health by a command for the container's shell (`/bin/sh -c`), the only form that every engine supports. Throws
 * if the command is not valid for {@link Command}, or a duration is not finite and at least 1 millisecond.
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
 * Disables the health check of the image.
 *
 * @since 0.1.0
 * @category constructors
 */
export const disabled: Disabled = new Disabled()

/** Formats a duration for Go's `time.ParseDuration`. */
const formatPeriod = (duration: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(duration))
  return millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`
}

const flag = <A>(name: string, value: A | undefined, format: (value: A) => string): ReadonlyArray<string> =>
  value === undefined ? [] : [name, format(value)]

/**
 * Returns the flags for `docker create` and `podman create`.
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
