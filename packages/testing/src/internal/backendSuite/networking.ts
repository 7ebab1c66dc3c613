import * as Command from "@effect/platform/Command"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as HostResolver from "@ociman/containers/HostResolver"
import * as Network from "@ociman/containers/Network"
import * as Port from "@ociman/containers/Port"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestImage from "../../TestImage.js"
import { freePort } from "./ports.js"
import { assertGone, eventually, failsWith, type Suite } from "./support.js"

const helpers = ({ script }: Suite) => {
  const web = script(
    "trap 'exit 0' TERM; echo \"$1\" >/www/index.html; httpd -f -p 8080 -h /www & wait",
    "hello from inside"
  )

  return { web }
}

const publishedServers = (suite: Suite): void => {
  const { idle, options, test, uniqueName } = suite
  const { web } = helpers(suite)
  const answers = (port: Port.Port) =>
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(web, port))
      assert.strictEqual(yield* fetch(yield* container.address(8080)), "hello from inside\n")
      return container
    })

  test("a published server is reached at its address", answers(Port.tcp(8080)).pipe(Effect.asVoid))

  test(
    "a server published on all addresses is reached at its address",
    answers(Port.tcp(8080, { hostIp: "0.0.0.0" })).pipe(Effect.asVoid)
  )

  if (options.ipv6) {
    test(
      "a server published on IPv6 loopback is reached at its address",
      answers(Port.tcp(8080, { hostIp: "::1" })).pipe(Effect.asVoid)
    )
  }

  test(
    "a restarted server is reached at its new address",
    Effect.gen(function*() {
      const container = yield* answers(Port.tcp(8080))
      yield* container.restart({ grace: "5 seconds" })
      assert.strictEqual(yield* fetch(yield* container.address(8080)), "hello from inside\n")
    })
  )

  // No process listens on the port; the kernel of the container counts the datagrams for it.
  test(
    "a datagram reaches a published UDP port",
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
    "publishing a port that a host process uses fails with PortTaken and leaves no container",
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

const serversInNetworks = (suite: Suite): void => {
  const { idle, label, test, uniqueName } = suite
  const { web } = helpers(suite)

  test(
    "containers of a network reach each other by name and alias",
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
      const outsider = yield* Container.start(idle)
      const { exitCode } = yield* outsider.exec(
        Exec.allowNonZeroExit(Exec.make("wget", "-q", "-O", "-", `http://${name}:8080/`))
      )
      assert.notStrictEqual(exitCode, 0)
    })
  )

  test(
    "containers reach a server on the machine of the engine by name and by address",
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
}

const request = ({ host, port }: Container.Address) =>
  HttpClient.get(`http://${host.includes(":") ? `[${host}]` : host}:${port}/`).pipe(
    Effect.flatMap((response) => response.text),
    Effect.timeout("2 seconds"),
    Effect.provide(FetchHttpClient.layer)
  )

const fetch = (address: Container.Address) =>
  Effect.retry(request(address), Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds")))

/** Downloads a page inside a container; retries while the server may still be starting. */
const download = (client: Container.Container, url: string) =>
  client.exec(Exec.make("wget", "-q", "-O", "-", url)).pipe(
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))),
    Effect.map(({ stdout }) => stdout)
  )

const unexpectedDatagrams = (snmp: string): number => {
  const [names, values] = snmp.split("\n").map((line) => line.split(/\s+/))
  return Number(values?.[names?.indexOf("NoPorts") ?? 0])
}

/** @internal */
export const themes = [
  { name: "published servers", tests: publishedServers },
  { name: "servers in networks", tests: serversInNetworks }
] as const
