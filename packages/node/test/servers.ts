/** Servers, and what they are asked with. */
import type { HttpClientRequest } from "@effect/platform"
import { FileSystem, HttpClient } from "@effect/platform"
import { NodeRegistryHttp } from "@ociman/node"
import { Context, Effect, Layer, Option } from "effect"
import { execFileSync } from "node:child_process"
import type * as Http from "node:http"
import * as Https from "node:https"
import type * as Net from "node:net"
import type { TLSSocket } from "node:tls"

export interface Seen {
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
  readonly subject: string
}

export const listen = <A extends Net.Server>(server: A) => {
  const sockets = new Set<Net.Socket>()
  server.on("connection", (socket: Net.Socket) => sockets.add(socket))
  return Effect.acquireRelease(
    Effect.async<A>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" ? address?.port ?? 0 : 0
  }))
}

/** A handler that records each request. */
export const remembering = (seen: Array<Seen>, name = "here"): Http.RequestListener => (request, response) => {
  const parts: Array<Buffer> = []
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () => {
    const peer = "getPeerCertificate" in request.socket
      ? (request.socket as TLSSocket).getPeerCertificate().subject?.CN
      : undefined
    seen.push({
      url: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(parts),
      subject: typeof peer === "string" ? peer : ""
    })
    response.end(name)
  })
}

export const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.execute(request), (_) => _.text))

export const direct = { https: Option.none(), http: Option.none(), none: "" }

export const client = (options: NodeRegistryHttp.Options = {}) =>
  NodeRegistryHttp.layer({ proxies: direct, ...options })

export class Certificates extends Context.Tag("Certificates")<Certificates, {
  readonly authority: string
  readonly key: string
  readonly certificate: string
  readonly clientKey: string
  readonly clientCertificate: string
}>() {}

/** An authority, and what it signed for this machine and for a client. */
export const certificates = Layer.scoped(
  Certificates,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-certificates-" })
    const openssl = (...args: ReadonlyArray<string>) =>
      Effect.sync(() => execFileSync("openssl", args, { cwd: directory, stdio: "pipe" }))
    const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    yield* openssl(
      "req",
      "-x509",
      ...fresh,
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-subj",
      "/CN=authority",
      "-days",
      "2"
    )
    yield* fs.writeFileString(`${directory}/names`, "subjectAltName=IP:127.0.0.1,DNS:localhost")
    for (const [name, subject] of [["server", "localhost"], ["client", "alice"]] as const) {
      yield* openssl("req", ...fresh, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`)
      const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
      yield* openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.crt`)
    }
    const read = (name: string) => fs.readFileString(`${directory}/${name}`)
    return {
      authority: yield* read("ca.crt"),
      key: yield* read("server.key"),
      certificate: yield* read("server.crt"),
      clientKey: yield* read("client.key"),
      clientCertificate: yield* read("client.crt")
    }
  })
)

export const secure = (seen: Array<Seen>, asksWho = false) =>
  Effect.flatMap(Certificates, ({ authority, certificate, key }) => {
    const options = { key, cert: certificate, ca: authority, requestCert: asksWho, rejectUnauthorized: asksWho }
    return listen(Https.createServer(options, remembering(seen)))
  })
