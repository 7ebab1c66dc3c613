import * as Duration from "effect/Duration"
import type * as HealthCheck from "../../../HealthCheck.js"

/** Formats a duration for Go's `time.ParseDuration`. */
const formatPeriod = (duration: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(duration))
  return millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`
}

const flag = <A>(name: string, value: A | undefined, format: (value: A) => string): ReadonlyArray<string> =>
  value === undefined ? [] : [name, format(value)]

/** Returns the flags for `docker create` and `podman create`. */
export const healthCheckArguments = (self: HealthCheck.HealthCheck): ReadonlyArray<string> =>
  self._tag === "Disabled" ? ["--no-healthcheck"] : [
    "--health-cmd",
    self.command,
    ...flag("--health-interval", self.interval, formatPeriod),
    ...flag("--health-timeout", self.timeout, formatPeriod),
    ...flag("--health-start-period", self.startPeriod, formatPeriod),
    ...flag("--health-start-interval", self.startInterval, formatPeriod),
    ...flag("--health-retries", self.retries, String)
  ]
