import { FileSystem } from "@effect/platform"
import type { LocalRegistry } from "@ociman/testing"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { createSign, X509Certificate } from "node:crypto"
import * as Http from "node:http"
import * as Https from "node:https"

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

const lifetime = 60

interface Key {
  readonly certificate: string
  readonly privateKey: string
}

const signed = ({ certificate, privateKey }: Key, claims: unknown) => {
  const x5c = [new X509Certificate(certificate).raw.toString("base64")]
  const text = `${encoded({ typ: "JWT", alg: "RS256", x5c })}.${encoded(claims)}`
  return `${text}.${createSign("sha256").update(text).sign(privateKey, "base64url")}`
}

const makeKey = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-tokens-" })
  const subject = ["-subj", "/CN=tokens", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
  execFileSync("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    ...subject,
    "-keyout",
    "key",
    "-out",
    "crt"
  ], {
    cwd: directory,
    stdio: "pipe"
  })
  const key: Key = {
    certificate: yield* fs.readFileString(`${directory}/crt`),
    privateKey: yield* fs.readFileString(`${directory}/key`)
  }
  return key
})

export interface TokenRequest {
  readonly user: string
  readonly scopes: ReadonlyArray<string>
}

/** Serves tokens with all requested scopes to one user, until the scope closes. */
export const tokenServer = (username: string, password: string, encrypted: boolean) =>
  Effect.gen(function*() {
    const key = yield* makeKey
    const requests: Array<TokenRequest> = []
    const service = "registry of a test"
    const issuer = "tokens of a test"
    const answer: Http.RequestListener = (request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://localhost")
      const credentials = Buffer.from((request.headers.authorization ?? "").split(" ")[1] ?? "", "base64").toString()
      const scopes = searchParams.getAll("scope").flatMap((scope) => scope.split(" "))
      requests.push({ user: credentials.split(":")[0] ?? "", scopes })
      if (credentials !== `${username}:${password}` || searchParams.get("service") !== service) {
        response.writeHead(401).end()
        return
      }
      const now = Math.floor(Date.now() / 1000)
      const access = scopes.map((scope) => {
        const [type, name, actions = ""] = scope.split(":")
        return { type, name, actions: actions.split(",") }
      })
      const claims = { iss: issuer, sub: username, aud: service, exp: now + lifetime, nbf: now - 5, iat: now, jti: "1" }
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify({ token: signed(key, { ...claims, access }), expires_in: lifetime }))
    }
    const server = encrypted
      ? Https.createServer({ key: key.privateKey, cert: key.certificate }, answer)
      : Http.createServer(answer)
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () => Effect.sync(() => server.close())
    )
    const address = server.address()
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`
    const realm = `${encrypted ? "https" : "http"}://${host}/token`
    const options: LocalRegistry.TokenServer = { realm, service, issuer, certificate: key.certificate }
    return { host, options, requests: Effect.sync((): ReadonlyArray<TokenRequest> => [...requests]) }
  })
