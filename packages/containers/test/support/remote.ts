import { Command, FileSystem } from "@effect/platform"
import { strictEqual } from "@effect/vitest/utils"
import { Container, Definition, Port } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { Effect, Schedule, Stream } from "effect"
import * as Net from "node:net"
import { userInfo } from "node:os"
import { busyboxImage, status } from "./busybox.js"

/** Finds a free port of a loopback address. */
export const freePort = (host: string) =>
  Effect.async<number>((resume) => {
    const server = Net.createServer().listen(0, host, () => {
      const address = server.address()
      server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
    })
  })

/** Waits until a port of a loopback address accepts connections. */
export const listening = (host: string, port: number) =>
  Effect.async<void, Error>((resume) => {
    const socket = Net.connect(port, host, () => {
      socket.destroy()
      resume(Effect.void)
    }).on("error", (error) => resume(Effect.fail(error)))
  }).pipe(Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))))

const run = (command: string, ...args: ReadonlyArray<string>) => Subprocess.run(Command.make(command, ...args))

/** Starts a daemon that ends with the scope. */
export const daemon = (command: Command.Command) =>
  Effect.gen(function*() {
    const process = yield* Subprocess.start(command)
    yield* Effect.forkScoped(Stream.runDrain(Stream.merge(process.stdout, process.stderr)))
  })

/**
 * Private SSH server with a key for this user. `bin` has an `ssh` whose
 * configuration has `alias` as another name of the server.
 */
export const sshServer = (host: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-sshd-" })
    const file = (name: string, lines: ReadonlyArray<string>, mode = 0o600) =>
      fs.writeFileString(`${directory}/${name}`, `${lines.join("\n")}\n`, { mode })
    const port = yield* freePort(host)
    const alias = "ociman-loopback"
    const user = userInfo().username
    yield* run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${directory}/host`)
    yield* run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${directory}/id`)
    yield* file("sshd_config", [
      `ListenAddress ${host}:${port}`,
      `HostKey ${directory}/host`,
      "PidFile none",
      `AuthorizedKeysFile ${directory}/id.pub`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      `SetEnv PATH=${process.env["PATH"]}`
    ])
    yield* file("ssh_config", [
      `Host ${alias}`,
      `  HostName ${host}`,
      `  Port ${port}`,
      `  User ${user}`,
      `  IdentityFile ${directory}/id`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${directory}/known_hosts`,
      "  StrictHostKeyChecking accept-new"
    ])
    yield* fs.makeDirectory(`${directory}/bin`)
    yield* file("bin/ssh", ["#!/bin/sh", `exec /usr/bin/ssh -F ${directory}/ssh_config "$@"`], 0o755)
    yield* daemon(Command.make("/usr/sbin/sshd", "-D", "-e", "-f", `${directory}/sshd_config`))
    yield* listening(host, port)
    return { directory, bin: `${directory}/bin`, key: `${directory}/id`, alias, host, port, user }
  })

const openssl = (directory: string, ...args: ReadonlyArray<string>) =>
  Subprocess.run(Command.make("openssl", ...args).pipe(Command.workingDirectory(directory)))

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

/** Creates a certificate authority with certificates for a daemon at an address and its client. */
export const certificates = (host: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-tls-" })
    const authority = ["-x509", "-days", "1", "-subj", "/CN=ociman test"]
    yield* openssl(directory, "req", ...newKey, ...authority, "-keyout", "ca-key.pem", "-out", "ca.pem")
    const issue = (name: string, prefix: string, extensions: string) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(`${directory}/${name}.ext`, extensions)
        const request = ["-subj", `/CN=${name}`, "-keyout", `${prefix}key.pem`, "-out", `${name}.csr`]
        yield* openssl(directory, "req", ...newKey, ...request)
        const signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", `${name}.ext`]
        yield* openssl(
          directory,
          ...["x509", "-req", "-days", "1", "-in", `${name}.csr`, ...signed, "-out", `${prefix}cert.pem`]
        )
      })
    yield* issue("server", "server-", `subjectAltName=IP:${host}\nextendedKeyUsage=serverAuth\n`)
    yield* issue("client", "", "extendedKeyUsage=clientAuth\n")
    return {
      directory,
      server: {
        ca: `${directory}/ca.pem`,
        certificate: `${directory}/server-cert.pem`,
        key: `${directory}/server-key.pem`
      }
    }
  })

/** Starts a web server on the engine and asserts that it is reachable at the host. */
export const isServedAt = (host: string) =>
  Effect.gen(function*() {
    const container = yield* (yield* busyboxImage).pipe(
      Definition.command("/bin/busybox httpd -f -p 8080 -h /bin"),
      Definition.publish(Port.tcp(8080)),
      Container.start
    )
    const address = yield* container.address(8080)
    strictEqual(address.host, host)
    const url = `http://${address.host}:${address.port}/busybox`
    strictEqual(
      yield* status(url).pipe(Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("10 seconds")))),
      200
    )
    return container
  }).pipe(Effect.withSpan("isServedAt"))
