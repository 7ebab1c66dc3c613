import * as Either from "effect/Either"
import { ipAddress, unbracket } from "./ipAddress.js"
import { excerpt } from "./text.js"

interface Range {
  readonly first: number
  readonly last: number
}

/**
 * Parsed port specification. `first` and `last` are equal for a single port. Without `host`, the engine selects a port
 * for each container port.
 */
export interface PortSpec {
  readonly hostIp: string | undefined
  readonly host: Range | undefined
  readonly container: Range
  readonly protocol: "tcp" | "udp" | "sctp"
}

const rule = "is neither a port from 1 to 65535 nor a range of such ports"

const range = (text: string, position: number): Either.Either<Range, string> => {
  const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  return first >= 1 && first <= last && last <= 65535
    ? Either.right({ first, last })
    : Either.left(
      text === "" ? `there is no port at position ${position}` : `${excerpt(text)} at position ${position} ${rule}`
    )
}

// Docker accepts host port 0 for any free port.
const hostRange = (text: string, position: number): Either.Either<Range | undefined, string> =>
  text === "" || /^0+$/.test(text) ? Either.right(undefined) : range(text, position)

const address = (text: string): Either.Either<string | undefined, string> =>
  text === "" ? Either.right(undefined) : Either.flatMap(unbracket(text), (ip) => {
    const reason = ipAddress(ip)
    return reason === undefined ? Either.right(ip) : Either.left(reason)
  })

const protocol = (text: string, position: number): Either.Either<PortSpec["protocol"], string> => {
  const lower = text.toLowerCase()
  if (lower === "") return Either.right("tcp")
  return lower === "tcp" || lower === "udp" || lower === "sctp"
    ? Either.right(lower)
    : Either.left(`${excerpt(text)} at position ${position} is not tcp, udp or sctp`)
}

/** Returns the number of ports in a range. */
export const width = ({ first, last }: Range): number => last - first + 1

/** Parses `[[address:]host:]container[/protocol]` from the right, since an IPv6 address need not have brackets. */
export const parsePortSpec = (spec: string): Either.Either<PortSpec, string> =>
  Either.gen(function*() {
    const slash = spec.indexOf("/")
    const ports = slash === -1 ? spec : spec.slice(0, slash)
    const containerAt = ports.lastIndexOf(":") + 1
    const before = ports.slice(0, Math.max(0, containerAt - 1))
    const hostAt = before.lastIndexOf(":") + 1
    const container = yield* range(ports.slice(containerAt), containerAt)
    const host = yield* hostRange(before.slice(hostAt), hostAt)
    const hostIp = yield* address(before.slice(0, Math.max(0, hostAt - 1)))
    if (host !== undefined && width(container) > 1 && width(host) !== width(container)) {
      return yield* Either.left(`there are ${width(host)} ports of the host for ${width(container)} of the container`)
    }
    return { hostIp, host, container, protocol: yield* protocol(slash === -1 ? "" : spec.slice(slash + 1), slash + 1) }
  })
