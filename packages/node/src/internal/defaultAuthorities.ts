/** The certificate authorities that Node.js trusts by default. A list of a program replaces them. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"

/** Asks Node.js 22.15 and later, whose list includes `NODE_EXTRA_CA_CERTS` and the system's if enabled. */
const fromNode = (): ReadonlyArray<string> | undefined => {
  const get: unknown = Reflect.get(Tls, "getCACertificates")
  if (typeof get !== "function") return undefined
  const all: unknown = Reflect.apply(get, Tls, ["default"])
  return Array.isArray(all) ? all.filter((_) => typeof _ === "string") : undefined
}

/**
 * Returns an effect that finds them, which is slow. Ignores an unreadable file of `NODE_EXTRA_CA_CERTS`, as Node.js does.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/cli.html#node_extra_ca_certsfile
 */
export const find = Effect.map(
  Config.option(Config.nonEmptyString("NODE_EXTRA_CA_CERTS")),
  (file) =>
    Effect.sync(fromNode).pipe(
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
