import { Command, Error as PlatformError, FileSystem, HttpClientRequest, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeRegistryHttp } from "@ociman/node"
import { ConfigProvider, Effect, Layer } from "effect"
import { rootCertificates } from "node:tls"
import { fileURLToPath } from "node:url"
import type { Seen } from "./servers.js"
import { Certificates, certificates, client, secure, send } from "./servers.js"

/** Directories with these files each, by their names below it. */
const directory = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const top = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-certs.d-" })
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(top, name)
      yield* fs.makeDirectory(path.dirname(file), { recursive: true })
      yield* fs.writeFileString(file, content)
    }
    return top
  })

layer(certificates.pipe(Layer.provideMerge(NodeContext.layer)), { excludeTestServices: true })(
  "certificates in directories",
  (it) => {
    const ask = (port: number, ...directories: ReadonlyArray<string>) =>
      Effect.flatMap(
        NodeRegistryHttp.certificates(directories),
        (certificates) =>
          Effect.provide(send(HttpClientRequest.get(`https://127.0.0.1:${port}/`)), client({ certificates }))
      )

    const failing = (port: number, ...directories: ReadonlyArray<string>) =>
      Effect.map(Effect.flip(ask(port, ...directories)), (error) => "cause" in error ? error.cause : error)

    it.scoped("are trusted in addition to those of NODE_EXTRA_CA_CERTS", () =>
      Effect.gen(function*() {
        const { authority } = yield* Certificates
        const port = yield* secure([])
        const here = yield* directory({ "extra.crt": authority, "other.crt": rootCertificates[0] ?? "" })
        const ask = (extra: string) =>
          Command.make(
            process.execPath,
            "--conditions=@ociman/source",
            "--import=tsx",
            fileURLToPath(new URL("programs/asker.ts", import.meta.url)),
            `https://127.0.0.1:${port}/`,
            `${here}/other.crt`
          ).pipe(Command.env({ NODE_EXTRA_CA_CERTS: extra }), Command.string)
        assert.strictEqual(yield* ask(`${here}/extra.crt`), "here")
        assert.include(yield* ask(`${here}/absent.crt`), "certificate")
      }), 60_000)

    it.scoped("are authorities of their host only", () =>
      Effect.gen(function*() {
        const { authority } = yield* Certificates
        const port = yield* secure([])
        const other = yield* secure([])
        const here = yield* directory({ [`127.0.0.1:${port}/any.crt`]: authority, "127.0.0.1/no.crt": authority })
        assert.strictEqual(yield* ask(port, here), "here")
        assert.include(String(yield* failing(other, here)), "certificate")
        assert.include(String(yield* failing(port)), "certificate")
      }))

    it.scoped("are sent as client certificates with the keys of the same name", () =>
      Effect.gen(function*() {
        const { authority, clientCertificate, clientKey } = yield* Certificates
        const seen: Array<Seen> = []
        const port = yield* secure(seen, true)
        const here = yield* directory({
          [`127.0.0.1:${port}/ca.crt`]: authority,
          [`127.0.0.1:${port}/me.cert`]: clientCertificate,
          [`127.0.0.1:${port}/me.key`]: clientKey,
          [`127.0.0.1:${port}/README`]: "and something else"
        })
        yield* ask(port, here)
        deepStrictEqual(seen.map(({ subject }) => subject), ["alice"])
      }))

    it.scoped("are read from the first directory with a subdirectory for the host", () =>
      Effect.gen(function*() {
        const { authority } = yield* Certificates
        const port = yield* secure([])
        const empty = yield* directory({ [`127.0.0.1:${port}/README`]: "" })
        const full = yield* directory({ [`127.0.0.1:${port}/ca.crt`]: authority })
        assert.strictEqual(yield* ask(port, "/nowhere/certs.d", full, empty), "here")
        assert.include(String(yield* failing(port, empty, full)), "certificate")
      }))

    const broken: ReadonlyArray<
      readonly [string, string, (all: Certificates["Type"]) => Readonly<Record<string, string>>]
    > = [
      ["a certificate without a key", "me.cert", ({ clientCertificate }) => ({ "me.cert": clientCertificate })],
      ["a key without a certificate", "me.key", ({ clientKey }) => ({ "me.key": clientKey })],
      ["an authority that is none", "ca.crt", () => ({ "ca.crt": "none" })],
      ["a certificate that is none", "me.cert", ({ clientKey }) => ({ "me.cert": "none", "me.key": clientKey })],
      [
        "the key of another certificate",
        "me.key",
        ({ clientCertificate, key }) => ({ "me.cert": clientCertificate, "me.key": key })
      ],
      ["something that cannot be read", "ca.crt", () => ({ "ca.crt/file": "" })]
    ]

    it.scoped.each(broken)(
      "with %s fail requests to their host and name the file",
      ([, name, files]) =>
        Effect.gen(function*() {
          const all = yield* Certificates
          const port = yield* secure([])
          const other = yield* secure([])
          const here = yield* directory({
            ...Object.fromEntries(
              Object.entries(files(all)).map(([file, text]) => [`127.0.0.1:${port}/${file}`, text])
            ),
            [`127.0.0.1:${other}/ca.crt`]: all.authority
          })
          const cause = yield* failing(port, here)
          assert.instanceOf(cause, NodeRegistryHttp.CertificateUnusable)
          assert.include(String(cause), `${here}/127.0.0.1:${port}/${name}`)
          assert.notInclude(String(cause), "PRIVATE")
          assert.strictEqual(yield* ask(other, here), "here")
        })
    )
  }
)

describe("the locations of certificates", () => {
  const denied = (path: string) =>
    new PlatformError.SystemError({
      module: "FileSystem",
      method: "x",
      reason: "PermissionDenied",
      pathOrDescriptor: path
    })

  const missing = (path: string) =>
    new PlatformError.SystemError({ module: "FileSystem", method: "x", reason: "NotFound", pathOrDescriptor: path })

  const looking = (variables: Readonly<Record<string, string>>, error: (path: string) => PlatformError.SystemError) =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const fs = FileSystem.layerNoop({
        stat: (path) => {
          asked.push(path)
          return Effect.fail(error(path))
        }
      })
      const find = yield* NodeRegistryHttp.certificates().pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))),
        Effect.provide([fs, Path.layer])
      )
      deepStrictEqual(asked, [])
      const found = yield* find("registry.example.com", 443)
      deepStrictEqual(found, { authorities: [], clients: [] })
      return asked
    })

  it.effect("are the directories of Podman and Docker, read on first use, by host with and without port 443", () =>
    Effect.gen(function*() {
      const expected = [
        "/home/a/.config/containers/certs.d",
        "/etc/containers/certs.d",
        "/home/a/.config/docker/certs.d",
        "/home/a/.docker/certs.d",
        "/etc/docker/certs.d"
      ]
      deepStrictEqual(
        yield* looking({ HOME: "/home/a" }, missing),
        expected.flatMap((_) => [`${_}/registry.example.com`, `${_}/registry.example.com:443`])
      )
      assert.include(yield* looking({ XDG_CONFIG_HOME: "/c" }, missing), "/c/docker/certs.d/registry.example.com")
    }))

  it.effect("are skipped if they are not accessible", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* looking({}, denied)).length, 4)
    }))
})
