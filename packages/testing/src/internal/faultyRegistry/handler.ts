import * as Headers from "@effect/platform/Headers"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Answer, Request, Script, Service } from "../../FaultyRegistry.js"
import * as authentication from "./authentication.js"
import { after, deliver, type Delivered, lost } from "./delivery.js"
import { type Matcher, matcher } from "./matching.js"

/** Maximal number of bytes of a recorded body. */
const recordedBytes = 4 * 1024 * 1024

interface Entry {
  readonly request: Omit<Request, "body" | "size" | "status">
  readonly pieces: Array<Uint8Array>
  size: number
  status: number
}

interface ActiveScript {
  readonly script: Script
  readonly rules: ReadonlyArray<{ readonly matches: Matcher; readonly answer: Answer; left: number }>
}

interface Context {
  readonly registry: Effect.Effect.Success<ReturnType<typeof MemoryRegistry.make>>
  readonly tokens: authentication.Tokens
  readonly url: string
  active: ActiveScript
}

const activate = (script: Script): ActiveScript => ({
  script,
  rules: script.rules.map((rule) => ({ matches: matcher(rule), answer: rule.answer, left: rule.times ?? Infinity }))
})

const answerOf = ({ rules, script }: ActiveScript, request: Request): Answer => {
  const rule = rules.find(({ left, matches }) => left > 0 && matches(request))
  if (rule === undefined) return script.otherwise
  rule.left--
  return rule.answer
}

const joined = (pieces: ReadonlyArray<Uint8Array>) => {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  pieces.reduce((at, piece) => {
    bytes.set(piece, at)
    return at + piece.length
  }, 0)
  return bytes
}

const snapshot = ({ pieces, request, size, status }: Entry): Request => ({
  ...request,
  body: joined(pieces).subarray(0, recordedBytes),
  size,
  status
})

const decoded = (text: string) => {
  const parameters = new URLSearchParams(`=${text}`)
  return parameters.get("") ?? text
}

const entryOf = ({ headers, method, url }: MemoryRegistry.ClientRequest): Entry => {
  const [path = "", ...rest] = url.split("?")
  const parameters = new URLSearchParams(rest.join("?"))
  return {
    request: {
      method,
      path: decoded(path.replaceAll("+", "%2B")),
      url,
      query: Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name)])),
      headers
    },
    pieces: [],
    size: 0,
    status: 0
  }
}

const recorded = (entry: Entry, body: Stream.Stream<Uint8Array, MemoryRegistry.ConnectionLost>) =>
  Stream.tap(body, (bytes) =>
    Effect.sync(() => {
      if (entry.size < recordedBytes) entry.pieces.push(bytes.slice())
      entry.size += bytes.length
    }))

const given = ({ body, headers, status }: Extract<Answer["source"], { readonly _tag: "Given" }>): Delivered => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  return {
    status,
    headers: Headers.fromInput({
      ...(status === 204 ? {} : { "content-length": String(bytes.length) }),
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name.toLowerCase(),
          typeof value === "string" ? value : value.join(", ")
        ])
      )
    }),
    body: bytes
  }
}

const respondHealthy = (
  { active, registry, tokens }: Context,
  entry: Entry,
  request: MemoryRegistry.ClientRequest,
  read: Effect.Effect<void, MemoryRegistry.ConnectionLost>
) => {
  const server = authentication.tokenServer(active.script.authentication, tokens, entry.request.path)
  return server === undefined
    ? registry.respond(request)
    : Effect.zipRight(read, Effect.suspend(() => server(snapshot(entry))))
}

const respond = (
  context: Context,
  answer: Answer,
  entry: Entry,
  request: MemoryRegistry.ClientRequest
): Effect.Effect<Delivered, MemoryRegistry.ConnectionLost> => {
  const upload = answer.changes.find((change) => change._tag === "LoseUpload")
  const body = recorded(
    entry,
    upload === undefined ? request.body : after(request.body, upload.bytes, Stream.fromEffect(lost))
  )
  const wait = answer.changes.find((change) => change._tag === "Wait")
  const waited = wait === undefined ? Effect.void : Effect.sleep(wait.duration)
  const read = Effect.zipRight(Stream.runDrain(body), waited)
  const delivered = (): Effect.Effect<Delivered, MemoryRegistry.ConnectionLost> => {
    switch (answer.source._tag) {
      case "Registry":
        return Effect.zipRight(waited, respondHealthy(context, entry, { ...request, body }, read))
      case "Given":
        return Effect.as(read, given(answer.source))
      case "Computed": {
        const { answer: compute } = answer.source
        return Effect.flatMap(Stream.runCollect(body), (pieces) => {
          const computed = compute(snapshot(entry))
          entry.pieces.length = 0
          entry.size = 0
          return respond(context, computed, entry, { ...request, body: Stream.fromChunk(pieces) })
        })
      }
      case "Drop":
        return Effect.zipRight(read, lost)
      case "Hang":
        return Effect.never
    }
  }
  return Effect.map(Effect.suspend(delivered), (delivered) => deliver(answer, delivered))
}

const handle = (context: Context, entry: Entry, request: MemoryRegistry.ClientRequest) =>
  Effect.gen(function*() {
    const { active, tokens, url } = context
    const received = snapshot(entry)
    const required = active.script.authentication
    const refused = authentication.tokenServer(required, tokens, received.path) === undefined
      ? yield* authentication.refusal(required, tokens, url, received)
      : undefined
    const delivered = refused === undefined
      ? yield* respond(context, answerOf(context.active, received), entry, request)
      : yield* Effect.as(Stream.runDrain(recorded(entry, request.body)), refused)
    entry.status = delivered.status
    return delivered
  })

/** @internal */
export const make = Effect.fnUntraced(function*(script: Script, url: string) {
  const registry = yield* MemoryRegistry.make(script.options)
  const entries: Array<Entry> = []
  const context: Context = { registry, tokens: authentication.none(), url, active: activate(script) }
  const handler: MemoryRegistry.Handler = (request) =>
    Effect.suspend(() => {
      const entry = entryOf(request)
      entries.push(entry)
      return handle(context, entry, request)
    })
  const service: Service = {
    host: url.replace(/^https?:\/\//, ""),
    url,
    requests: Effect.sync(() => entries.map(snapshot)),
    play: (script) =>
      Effect.sync(() => {
        context.active = activate(script)
      }),
    handler
  }
  return service
})
