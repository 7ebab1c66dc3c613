/** The authorities that Node.js trusts where a program gives none: a list of its own replaces them. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"

/** What Node.js 22.15 and later say themselves, with `NODE_EXTRA_CA_CERTS` and those of the system where they count. */
const told = (): ReadonlyArray<string> | undefined => {
  const get: unknown = Reflect.get(Tls, "getCACertificates")
  if (typeof get !== "function") return undefined
  const all: unknown = Reflect.apply(get, Tls, ["default"])
  return Array.isArray(all) ? all.filter((_) => typeof _ === "string") : undefined
}

/**
 * An effect that finds them, which takes a moment. As Node.js does, it passes over a file of `NODE_EXTRA_CA_CERTS` that
 * cannot be read.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/cli.html#node_extra_ca_certsfile
 */
export const find = Effect.map(
  Config.option(Config.nonEmptyString("NODE_EXTRA_CA_CERTS")),
  (file) =>
    Effect.sync(told).pipe(
      Effect.filterOrElse(
        (all) => all !== undefined,
        () =>
          Effect.map(
            Effect.option(Effect.try(() => readFileSync(Option.getOrElse(file, () => ""), "utf8"))),
            (extra) => [...Tls.rootCertificates, ...Option.toArray(extra)]
          )
      )
    )
)
