import * as Command from "@effect/platform/Command"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert } from "@effect/vitest"
import { Container, Definition, Exec, HostResolver, Network, Port } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestImage from "../../TestImage.js"
import { freePort } from "./ports.js"
import { assertGone, eventually, failsWith, type Suite } from "./support.js"

/** @internal */
export const name = "networking"

/** @internal */
export const tests = ({ idle, label, options, script, test, uniqueName }: Suite): void => {
  const web = script(
    "trap 'exit 0' TERM; echo \"$1\" >/www/index.html; httpd -f -p 8080 -h /www & wait",
    "hello from inside"
  )

  const answers = (port: Port.Port) =>
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(web, port))
      assert.strictEqual(yield* fetch(yield* container.address(8080)), "hello from inside\n")
      return container
    })

  test("a server is reached at its address", answers(Port.tcp(8080)).pipe(Effect.asVoid))

  test("a server on all addresses is too", answers(Port.tcp(8080, { hostIp: "0.0.0.0" })).pipe(Effect.asVoid))

  if (options.ipv6) {
    test("a server on IPv6 loopback is too", answers(Port.tcp(8080, { hostIp: "::1" })).pipe(Effect.asVoid))
  }

  test(
    "a restarted server is reached at the address it has then",
    Effect.gen(function*() {
      const container = yield* answers(Port.tcp(8080))
      yield* container.restart({ grace: "5 seconds" })
      assert.strictEqual(yield* fetch(yield* container.address(8080)), "hello from inside\n")
    })
  )

  test(
    "containers of a network reach each other by name and by alias",
    Effect.gen(function*() {
      const network = yield* Network.make({ name: yield* uniqueName, labels: { [label.key]: label.value } })
      const name = yield* uniqueName
      yield* Container.start(
        web.pipe(Definition.name(name), Definition.network(network), Definition.networkAlias("web"))
      )
      const client = yield* Container.start(Definition.network(idle, network))
      for (const host of [name, "web"]) {
        assert.strictEqual(yield* download(client, `http://${host}:8080/`), "hello from inside\n")
      }
      const stranger = yield* Container.start(idle)
      const { exitCode } = yield* stranger.exec(
        Exec.allowNonZeroExit(Exec.make("wget", "-q", "-O", "-", `http://${name}:8080/`))
      )
      assert.notStrictEqual(exitCode, 0)
    })
  )

  test(
    "containers reach a server on the engine's machine, by name and by address",
    Effect.gen(function*() {
      const port = yield* freePort(idle)
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/index.html`, "hello from the machine\n")
      const busybox = yield* TestImage.busybox
      yield* Subprocess.start(Command.make(busybox, "httpd", "-f", "-p", `0.0.0.0:${port}`, "-h", directory))
      const network = yield* Network.make({ name: yield* uniqueName, labels: { [label.key]: label.value } })
      for (const place of [idle, Definition.network(idle, network)]) {
        const { definition, name } = yield* HostResolver.containerHost(place)
        const client = yield* Container.start(definition)
        const address = yield* HostResolver.resolveContainerHost(place)
        for (const host of [name, address]) {
          assert.strictEqual(yield* download(client, `http://${host}:${port}/`), "hello from the machine\n")
        }
      }
    })
  )

  // Nobody listens there: what the container's kernel counts says that it arrived.
  test(
    "a datagram reaches a published udp port",
    Effect.gen(function*() {
      const busybox = yield* TestImage.busybox
      const container = yield* Container.start(Definition.publish(idle, Port.udp(9999)))
      const { host, port } = yield* container.address(9999, "udp")
      const received = Effect.map(
        container.exec(Exec.make("grep", "^Udp:", "/proc/net/snmp")),
        ({ stdout }) => unexpectedDatagrams(stdout)
      )
      const before = yield* received
      yield* Subprocess.start(Command.make(busybox, "tftp", "-g", "-r", "nothing", "-l", "/dev/null", host, `${port}`))
      yield* eventually(received, (count) => count > before)
    })
  )

  test(
    "a port of the host that a process has is taken, and nothing is left",
    Effect.gen(function*() {
      const busybox = yield* TestImage.busybox
      const name = yield* uniqueName
      const port = yield* freePort(idle)
      const empty = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      yield* Subprocess.start(Command.make(busybox, "httpd", "-f", "-p", `127.0.0.1:${port}`, "-h", empty))
      yield* Effect.retry(request({ host: "127.0.0.1", port }), Schedule.spaced("50 millis"))
      const definition = idle.pipe(
        Definition.publish(Port.tcp(80, { hostIp: "127.0.0.1", hostPort: port })),
        Definition.name(name)
      )
      const error = yield* failsWith(Effect.scoped(Container.start(definition)), "PortTaken")
      assert.include(error.detail, `${port}`)
      yield* assertGone(name)
    })
  )
}

const request = ({ host, port }: Container.Address) =>
  HttpClient.get(`http://${host.includes(":") ? `[${host}]` : host}:${port}/`).pipe(
    Effect.flatMap((response) => response.text),
    Effect.timeout("2 seconds"),
    Effect.provide(FetchHttpClient.layer)
  )

const fetch = (address: Container.Address) =>
  Effect.retry(request(address), Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds")))

/** What a container downloads from a server that may still be starting. */
const download = (client: Container.Container, url: string) =>
  client.exec(Exec.make("wget", "-q", "-O", "-", url)).pipe(
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))),
    Effect.map(({ stdout }) => stdout)
  )

const unexpectedDatagrams = (snmp: string): number => {
  const [names, values] = snmp.split("\n").map((line) => line.split(/\s+/))
  return Number(values?.[names?.indexOf("NoPorts") ?? 0])
}
