import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { DateTime, Duration, Either, FastCheck as fc, Option } from "effect"
import * as eventFormat from "../../src/internal/dialect/events.js"
import { processesOf } from "../../src/internal/dialect/processes.js"
import * as statsFormat from "../../src/internal/dialect/stats.js"

// Recorded outputs of Docker 20.10.24 and 28.2.2 (equal), Podman 4.3.1, and Podman 5.4.2 where it differs.
const samples = {
  dockerStats:
    "{\"BlockIO\":\"0B / 0B\",\"CPUPerc\":\"0.25%\",\"Container\":\"s\",\"ID\":\"93b1d43c9752\",\"MemPerc\":\"0.69%\",\"MemUsage\":\"452KiB / 64MiB\",\"Name\":\"s\",\"NetIO\":\"1.09kB / 0B\",\"PIDs\":\"1\"}",
  podmanStats:
    "{\"AvgCPU\":52.75387845943346,\"ContainerID\":\"acd28ad0\",\"Name\":\"s\",\"PerCPU\":[1729827,28013994],\"CPU\":52.75387845943346,\"CPUNano\":29743821,\"CPUSystemNano\":12000000,\"SystemNano\":1795253114228464040,\"MemUsage\":561152,\"MemLimit\":25276514304,\"MemPerc\":0.0022200529442115277,\"NetInput\":180,\"NetOutput\":110,\"BlockInput\":0,\"BlockOutput\":0,\"PIDs\":1,\"UpTime\":29743821,\"Duration\":29743821}",
  dockerEvent:
    "{\"status\":\"start\",\"id\":\"93b1\",\"from\":\"e752\",\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"93b1\",\"Attributes\":{\"image\":\"e752\",\"name\":\"s\"}},\"scope\":\"local\",\"time\":1795253109,\"timeNano\":1795253109685465750}",
  podmanEvent:
    "{\"ID\":\"acd2\",\"Image\":\"e311\",\"Name\":\"s\",\"Status\":\"died\",\"Time\":\"2026-11-21T09:25:14.172629775Z\",\"Type\":\"container\",\"Attributes\":{\"io.buildah.version\":\"1.28.2\"}}",
  podman5Event:
    "{\"ContainerExitCode\":3,\"ID\":\"acd2\",\"Image\":\"e311\",\"Name\":\"s\",\"Status\":\"died\",\"time\":1795894319,\"timeNano\":1795894319794636121,\"Type\":\"container\",\"Attributes\":{\"io.buildah.version\":\"1.39.3\"}}"
}

const right = <A, E>(result: Either.Either<A, E>): A => Either.getOrThrowWith(result, (error) => error)

describe("stats", () => {
  it("are decoded from Docker's rounded texts", () => {
    deepStrictEqual(right(statsFormat.decode(samples.dockerStats)), {
      cpu: 0.0025,
      cpuTime: Option.none(),
      memory: { used: 452 * 1024, limit: 64 * 1024 ** 2 },
      network: { received: 1090, sent: 0 },
      blockDevices: { read: 0, written: 0 },
      processes: 1
    })
  })

  it("are decoded from Podman's exact numbers", () => {
    deepStrictEqual(right(statsFormat.decode(samples.podmanStats)), {
      cpu: 0.5275387845943346,
      cpuTime: Option.some(Duration.nanos(29743821n)),
      memory: { used: 561152, limit: 25276514304 },
      network: { received: 180, sent: 110 },
      blockDevices: { read: 0, written: 0 },
      processes: 1
    })
  })

  it("are zero where Docker has no value", () => {
    const unknown =
      "{\"BlockIO\":\"-- / --\",\"CPUPerc\":\"--\",\"MemUsage\":\"-- / --\",\"NetIO\":\"--\",\"PIDs\":\"--\"}"
    assert.isTrue(Either.isLeft(statsFormat.decode(unknown)), "half a pair")
    const { memory, processes } = right(
      statsFormat.decode(unknown.replace("\"NetIO\":\"--\"", "\"NetIO\":\"-- / --\""))
    )
    deepStrictEqual([memory, processes], [{ used: 0, limit: 0 }, 0])
  })

  it.prop("are decoded from sizes with decimal and binary units", [
    fc.nat({ max: 9999 }),
    fc.integer({ min: 0, max: 8 }),
    fc.boolean(),
    fc.constantFrom("", " ")
  ], ([number, power, binary, space]) => {
    const prefix = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"][power] ?? ""
    const unit = binary ? prefix === "" ? "B" : `${prefix.toUpperCase()}iB` : `${prefix}B`
    assertSome(
      statsFormat.parseSize(`${number / 100}${space}${unit}`),
      Math.round(number / 100 * (binary ? 1024 : 1000) ** power)
    )
  })

  it.prop("are not decoded from texts that are not sizes", [fc.string()], ([text]) => {
    const size = statsFormat.parseSize(text)
    assert.isTrue(Option.isNone(size) || size.value >= 0 || /--|b\s*$/i.test(text))
  })

  for (const text of ["", "B", "1", "1.B", ".5B", "-1B", "1KB/s", "0x1B", "1 QiB", "1e999kBB", "NaNB"]) {
    it(`are not decoded from the size ${JSON.stringify(text)}`, () => {
      assertNone(statsFormat.parseSize(text))
    })
  }

  it.prop("are decoded from any text without an exception", [fc.oneof(fc.string(), fc.json())], ([text]) => {
    assert.isTrue(Either.isLeft(statsFormat.decode(text)))
  })

  it.prop("may exceed 100 % of one processor", [fc.nat({ max: 640_000 })], ([hundredths]) => {
    const text = (hundredths / 100).toFixed(2)
    const { cpu } = right(statsFormat.decode(samples.dockerStats.replace("0.25", text)))
    assert.strictEqual(cpu, Number(text) / 100)
  })
})

describe("processes", () => {
  const table = (...lines: ReadonlyArray<string>) =>
    ["PID                 USER                COMMAND", ...lines, ""].join("\n")

  it("are parsed from the tables of Docker and of Podman", () => {
    const sleep = [{ pid: 4716, user: "root", command: "sleep 60" }]
    deepStrictEqual(processesOf(table("4716                root                sleep 60")), Either.right(sleep))
    deepStrictEqual(
      processesOf("HPID        USER        COMMAND\n4716        root        sleep 60 \n"),
      Either.right(sleep)
    )
    deepStrictEqual(processesOf(table()), Either.right([]))
  })

  it("may have commands of several lines", () => {
    deepStrictEqual(
      processesOf(table("1 root sh -c echo a", "  b", "7 nobody sleep 1")),
      Either.right([{ pid: 1, user: "root", command: "sh -c echo a\n  b" }, {
        pid: 7,
        user: "nobody",
        command: "sleep 1"
      }])
    )
  })

  it.each(["", "nothing", "Error: no such container\n1 root sh", "PIDS\n", "PID USER COMMAND\nroot sh"])(
    "are not parsed from %j",
    (text) => {
      assert.isTrue(Either.isLeft(processesOf(text)))
    }
  )

  it.prop("are parsed with any user and command", [
    fc.array(fc.record({
      pid: fc.nat(),
      user: fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}\+?$/),
      command: fc.stringMatching(/^[!-~]{1,20}( [!-~]{1,20}){0,3}$/)
    }))
  ], ([processes]) => {
    deepStrictEqual(
      processesOf(table(...processes.map(({ command, pid, user }) => `${pid}  ${user}\t ${command}`))),
      Either.right(processes)
    )
  })
})

describe("events", () => {
  it("are decoded from Docker's format", () => {
    assertSome(right(eventFormat.decode(samples.dockerEvent)), {
      time: DateTime.unsafeMake(1795253109685),
      type: "container",
      action: "start",
      id: "93b1",
      name: "s",
      attributes: { image: "e752", name: "s" }
    })
  })

  it("are decoded from Podman's format with the actions of Docker", () => {
    assertSome(right(eventFormat.decode(samples.podmanEvent)), {
      time: DateTime.unsafeMake("2026-11-21T09:25:14.172Z"),
      type: "container",
      action: "die",
      id: "acd2",
      name: "s",
      attributes: { "io.buildah.version": "1.28.2", name: "s", image: "e311", exitCode: "0" }
    })
    for (
      const [type, status, action] of [
        ["image", "remove", "delete"],
        ["container", "remove", "destroy"],
        ["container", "exec", "exec_start"],
        ["container", "exec_died", "exec_die"],
        ["container", "pause", "pause"]
      ] as const
    ) {
      const line = samples.podmanEvent.replace("\"died\"", `"${status}"`).replace("\"container\"", `"${type}"`)
      assertSome(Option.map(right(eventFormat.decode(line)), (event) => event.action), action)
    }
  })

  it("are decoded from Podman 5, whose time is a number", () => {
    assertSome(right(eventFormat.decode(samples.podman5Event)), {
      time: DateTime.unsafeMake(1795894319794),
      type: "container",
      action: "die",
      id: "acd2",
      name: "s",
      attributes: { "io.buildah.version": "1.39.3", name: "s", image: "e311", exitCode: "3" }
    })
  })

  it("are ignored if they have another type", () => {
    assertNone(right(eventFormat.decode(samples.dockerEvent.replace("\"Type\":\"container\"", "\"Type\":\"plugin\""))))
    assertNone(right(eventFormat.decode(samples.podmanEvent.replace("\"Type\":\"container\"", "\"Type\":\"pod\""))))
  })

  it("have one action for all health states", () => {
    const line = samples.dockerEvent.replace("\"Action\":\"start\"", "\"Action\":\"health_status: healthy\"")
    assertSome(
      Option.map(right(eventFormat.decode(line)), ({ action, attributes }) => [action, attributes["health"]]),
      ["health_status", "healthy"]
    )
  })

  it.prop("are decoded from any text without an exception", [fc.oneof(fc.string(), fc.json())], ([text]) => {
    assert.isTrue(Either.isLeft(eventFormat.decode(text)))
  })
})
