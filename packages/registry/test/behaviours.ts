import { FaultyRegistry } from "@ociman/testing"
import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"

type Headers = Readonly<Record<string, string>>

/** One of the two servers of a case. */
export type Server = "registry" | "other"

export interface Response {
  readonly status: number
  readonly headers?: Headers
  readonly body?: string
  readonly bodyHex?: string
  readonly bodyGzipOf?: string
  readonly bodyRepeat?: { readonly text: string; readonly count: number }
  readonly bodySuffix?: string
  readonly noLength?: boolean
  readonly fault?: "drop" | "truncate"
  readonly truncateAt?: number
}

export interface Rule {
  readonly on: Server
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | null>>
  readonly headers?: Readonly<Record<string, string | null>>
  readonly headersRegex?: Headers
  readonly times?: number
  readonly response: Response
}

export interface Must {
  readonly on: Server
  readonly method: string
  readonly path: string
  readonly min?: number
  readonly max?: number
  readonly query?: Headers
  readonly queryHas?: Headers
  readonly queryHasAny?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers?: Headers
  readonly headersIfBody?: Headers
  readonly headersRegex?: Headers
  readonly acceptAll?: ReadonlyArray<string>
  readonly absentHeaders?: ReadonlyArray<string>
  readonly bodyDigest?: string
  readonly bodyContains?: string
  readonly last?: { readonly bodyDigest: string }
}

export interface Input {
  readonly digest?: string
  readonly size?: number
  readonly content?: string
  readonly chunkSize?: number
  readonly from?: string
  readonly reference?: string
  readonly mediaType?: string
  readonly artifactType?: string
  readonly username?: string
  readonly password?: string
}

export interface Case {
  readonly name: string
  readonly group: string
  readonly op: string
  readonly input: Input
  readonly rules: ReadonlyArray<Rule>
  readonly result?: unknown
  readonly uploaded?: string
  readonly requires?: string
  readonly expect: {
    readonly outcome: "ok" | "error" | "either"
    readonly kind?: string
    readonly status?: number
    readonly result?: unknown
    readonly must?: ReadonlyArray<Must>
  }
}

export interface Behaviours {
  readonly cases: ReadonlyArray<Case>
  readonly endpoints: {
    readonly cases: ReadonlyArray<
      {
        readonly id: string
        readonly method: string
        readonly path: string
        readonly success: string
        readonly failure: string
      }
    >
  }
  readonly errorCodes: ReadonlyArray<{ readonly code: string; readonly usualStatus: number | null }>
}

export type Hosts = Readonly<Record<Server, string>>

const bodyOf = ({ body = "", bodyGzipOf, bodyHex, bodyRepeat, bodySuffix = "" }: Response) =>
  bodyHex !== undefined
    ? Buffer.from(bodyHex, "hex")
    : bodyGzipOf !== undefined
    ? gzipSync(bodyGzipOf)
    : (bodyRepeat === undefined ? body : bodyRepeat.text.repeat(bodyRepeat.count)) + bodySuffix

const answer = (response: Response, hosts: Hosts) => {
  const body = bodyOf(response)
  const fill = (text: string, request: FaultyRegistry.Request) =>
    text.replaceAll("{registry}", hosts.registry).replaceAll("{other}", hosts.other)
      .replaceAll("{rangeEnd}", (request.headers["content-range"] ?? "-").split("-").at(-1) ?? "")
      .replaceAll("{bodyEnd}", String(Math.max(request.size - 1, 0)))
  if (response.fault === "drop") return FaultyRegistry.drop
  const given = FaultyRegistry.respondWith((request) =>
    FaultyRegistry.respond(response.status, {
      headers: Object.fromEntries(
        Object.entries(response.headers ?? {}).map(([name, value]) => [name, fill(value, request)])
      ),
      body
    })
  )
  const framed = response.noLength === true ? FaultyRegistry.withoutLength(given) : given
  return response.fault === "truncate" ? FaultyRegistry.cutAfter(framed, response.truncateAt ?? 0) : framed
}

const wholeBlobs = "PUT /v2/test/blobs/uploads/*"

/** The server that a case describes. */
export const script = ({ requires, rules }: Case, on: Server, hosts: Hosts): FaultyRegistry.Script => {
  const unknown = FaultyRegistry.otherwise(FaultyRegistry.healthy, FaultyRegistry.error(404, "UNSUPPORTED", "no rule"))
  // Blobs are sent in chunks to registries only that do not take them whole.
  const start = requires === "chunked upload"
    ? FaultyRegistry.on(unknown, wholeBlobs, FaultyRegistry.error(413, "SIZE_INVALID"), {
      headers: { "content-length": /^[1-9]/ }
    })
    : unknown
  const ruled = rules.filter((rule) => rule.on === on).reduce(
    (script, { headers = {}, headersRegex = {}, method, path, query, response, times }) =>
      FaultyRegistry.on(script, `${method} ${path}`, answer(response, hosts), {
        query,
        times,
        headers: {
          ...headers,
          ...Object.fromEntries(Object.entries(headersRegex).map(([name, pattern]) => [name, new RegExp(pattern)]))
        }
      }),
    start
  )
  return on === "registry" ? FaultyRegistry.on(ruled, "GET /v2/", FaultyRegistry.respond(200)) : ruled
}

export type Outcome =
  | { readonly _tag: "Ok"; readonly result: unknown }
  | { readonly _tag: "Failed"; readonly error: unknown }

export type Log = Readonly<Record<Server, ReadonlyArray<FaultyRegistry.Request>>>

const hash = (algorithm: string, bytes: Uint8Array) =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`

const isTaken = ({ status }: FaultyRegistry.Request) => [200, 201, 202, 204].includes(status)

/** Checks that the uploaded content is the expected one, if any is expected. */
const uploads = ({ uploaded }: Case, { registry, other }: Log): ReadonlyArray<string> => {
  const isThere = registry.some(({ method, status }) =>
    method === "HEAD" && status === 200 || method === "POST" && status === 201
  )
  if (uploaded === undefined || isThere) return []
  const start = registry.map(({ method }) => method).lastIndexOf("POST")
  const bodies = [...registry.slice(start + 1), ...other]
    .filter((request) => ["PUT", "PATCH"].includes(request.method) && isTaken(request))
    .map(({ body }) => body)
  const [algorithm = ""] = uploaded.split(":")
  const found = hash(algorithm, Buffer.concat(bodies))
  return found === uploaded ? [] : [`what was uploaded has the digest ${found}`]
}

const fits = (must: Must, { body, headers }: FaultyRegistry.Request) =>
  Object.entries(must.headers ?? {}).every(([name, value]) => headers[name.toLowerCase()] === value) &&
  (body.length === 0 ||
    Object.entries(must.headersIfBody ?? {}).every(([name, value]) => headers[name.toLowerCase()] === value)) &&
  Object.entries(must.headersRegex ?? {}).every(([name, value]) =>
    new RegExp(value).test(headers[name.toLowerCase()] ?? "")
  ) &&
  (must.bodyDigest === undefined || hash("sha256", body) === must.bodyDigest) &&
  (must.bodyContains === undefined || Buffer.from(body).includes(must.bodyContains)) &&
  (must.acceptAll ?? []).every((type) => headers["accept"]?.includes(type) === true)

const isMeant = (must: Must, { method, path, query }: FaultyRegistry.Request) =>
  method === must.method && path === must.path &&
  Object.entries(must.query ?? {}).every(([name, value]) => query[name]?.join() === value) &&
  Object.entries(must.queryHas ?? {}).every(([name, value]) => query[name]?.includes(value) === true) &&
  Object.entries(must.queryHasAny ?? {}).every(([name, values]) =>
    values.some((value) => query[name]?.includes(value) === true)
  )

const requests = (must: Must, log: Log): ReadonlyArray<string> => {
  const meant = log[must.on].filter((request) => isMeant(must, request))
  const good = meant.filter((request) => fits(must, request))
  const what = `${must.method} ${must.path}`
  const last = meant.at(-1)
  return [
    ...(good.length < (must.min ?? 1) ? [`${what}: ${good.length} of ${meant.length} as it must be`] : []),
    ...(meant.length > (must.max ?? Infinity) ? [`${what}: ${meant.length} times`] : []),
    ...(must.absentHeaders ?? []).filter((name) => meant.some(({ headers }) => name.toLowerCase() in headers))
      .map((name) => `${what}: sent ${name}`),
    ...(must.last !== undefined && last !== undefined && hash("sha256", last.body) !== must.last.bodyDigest
      ? [`${what}: another body at last`]
      : [])
  ]
}

const hasTag = (
  error: unknown
): error is { readonly _tag: string; readonly reason?: string; readonly status?: number } =>
  typeof error === "object" && error !== null && "_tag" in error

/** Checks if an error is of the kind that a case expects. */
const isOfKind = (error: unknown, kind: string | undefined, status: number | undefined): boolean => {
  if (!hasTag(error)) return false
  const { _tag, reason } = error
  switch (kind) {
    case undefined:
      return true
    case "http":
      return _tag === "RegistryFailed" && error.status !== undefined && (status ?? error.status) === error.status
    case "notFound":
      return error.status === 404
    case "unauthorized":
      return _tag === "AuthenticationError"
    case "tokenEndpoint":
      return _tag === "AuthenticationError" && reason === "TokenInvalid"
    case "invalidResponse":
      return reason === "InvalidResponse" || reason === "Refused" || reason === "Truncated"
    case "refused":
      return reason === "Refused" || reason === "InvalidResponse"
    case "truncated":
      return reason === "Truncated"
    case "limitExceeded":
      return reason === "TooLarge"
    case "sizeMismatch":
      return _tag === "SizeMismatch" || reason === "Truncated"
    case "digestMismatch":
      return _tag === "DigestMismatch"
    default:
      return false
  }
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
    : value

/** Lists the violated expectations of a case. */
export const failures = (case_: Case, outcome: Outcome, log: Log): ReadonlyArray<string> => {
  const { kind, must = [], outcome: expected, result, status } = case_.expect
  const requested = result === undefined ? case_.result : result
  const printed = outcome._tag === "Ok" ? JSON.stringify(outcome.result) : String(outcome.error)
  return [
    ...(expected === "ok" && outcome._tag === "Failed" || expected === "error" && outcome._tag === "Ok"
      ? [`not ${expected}: ${printed}`]
      : []),
    ...(outcome._tag === "Failed" && !hasTag(outcome.error) ? [`no error but a defect: ${printed}`] : []),
    ...(outcome._tag === "Ok" && requested !== undefined && !isEqual(outcome.result, requested)
      ? [`not so: ${printed}`]
      : []),
    ...(expected === "error" && outcome._tag === "Failed" && !isOfKind(outcome.error, kind, status)
      ? [`not of the kind ${kind} ${status ?? ""}: ${printed}`]
      : []),
    ...(outcome._tag === "Ok" ? uploads(case_, log) : []),
    ...must.flatMap((must) => requests(must, log))
  ]
}
