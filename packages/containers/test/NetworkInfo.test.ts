import { assert, describe, it } from "@effect/vitest"
import { assertSome, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NetworkInfo, Subnet } from "@ociman/containers"
import { Either, Option, Schema } from "effect"
import * as networkInfo from "../src/internal/dialect/networkInfo.js"
import * as volumeInfo from "../src/internal/dialect/volumeInfo.js"

const id = "32e578a07b203361e0051a857aca4747837fa582a3bf8cb79f92b9de83888bff"

const docker = {
  Name: "bridge",
  Id: id,
  Created: "2026-11-21T04:27:03.69702225Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv6: true,
  IPAM: {
    Driver: "default",
    Options: null,
    Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }, { Subnet: "fd00:77::/64" }]
  },
  Internal: false,
  Containers: {},
  Options: { "com.docker.network.driver.mtu": "1500" },
  Labels: {}
}

const podman = {
  name: "netx-a",
  id,
  driver: "bridge",
  network_interface: "podman1",
  created: "2026-11-21T05:10:43.238189413Z",
  subnets: [{ subnet: "fd00:77::/64", gateway: "fd00:77::1" }, { subnet: "10.89.0.0/24", gateway: "10.89.0.1" }],
  ipv6_enabled: true,
  internal: true,
  dns_enabled: true,
  labels: { a: "b" },
  ipam_options: { driver: "host-local" }
}

const decode = (raw: unknown) => Either.getOrThrow(networkInfo.decode(raw))

const subnetsOf = (info: NetworkInfo.NetworkInfo) =>
  info.subnets.map(({ gateway, subnet }) => [Subnet.format(subnet), Option.getOrNull(gateway)])

describe("NetworkInfo", () => {
  it("is decoded from Docker's answer", () => {
    const info = decode(docker)
    deepStrictEqual(subnetsOf(info), [["172.17.0.0/16", "172.17.0.1"], ["fd00:77::/64", null]])
    deepStrictEqual([info.id, info.name, info.driver, info.internal, info.ipv6], [id, "bridge", "bridge", false, true])
    deepStrictEqual(info.driverOptions, { "com.docker.network.driver.mtu": "1500" })
    assert.isTrue(Option.isSome(info.created))
    strictEqual(info.raw, docker)
  })

  it("is decoded from Podman's answer", () => {
    const info = decode(podman)
    deepStrictEqual(subnetsOf(info), [["fd00:77::/64", "fd00:77::1"], ["10.89.0.0/24", "10.89.0.1"]])
    deepStrictEqual([info.id, info.name, info.internal, info.ipv6], [id, "netx-a", true, true])
    deepStrictEqual(info.labels, { a: "b" })
  })

  it("is decoded from an answer with the required fields only", () => {
    deepStrictEqual(
      subnetsOf(decode({ Id: id, Name: "none", Driver: "null", IPAM: { Config: null }, Labels: null })),
      []
    )
    deepStrictEqual(subnetsOf(decode({ id, name: "none", driver: "null" })), [])
  })

  it("accepts subnets and gateways that other clients of Docker have stored", () => {
    const Config = [{ Subnet: "10.77.1.5/24", Gateway: "" }, { Subnet: "FD00::1/64", Gateway: "fd00::1/64" }]
    deepStrictEqual(subnetsOf(decode({ ...docker, IPAM: { Config } })), [["10.77.1.0/24", null], [
      "fd00::/64",
      "fd00::1"
    ]])
  })

  it.each([
    {},
    { Id: "1", Name: "x", Driver: "bridge" },
    { ...docker, IPAM: { Config: [{ Subnet: "x" }] } },
    null,
    "x"
  ])(
    "rejects %j",
    (raw) => {
      assert.isTrue(Either.isLeft(networkInfo.decode(raw)))
    }
  )

  it.each(["host", "none", "bridge", "default", "-x", "a b", "", "a", "slirp4netns"])("rejects the name %j", (name) => {
    assert.isTrue(Either.isLeft(Schema.decodeEither(NetworkInfo.Name)(name)))
  })
})

describe("VolumeInfo", () => {
  it.each([null, {}])("is decoded from an answer whose labels are %j", (nothing) => {
    const raw = {
      CreatedAt: "2026-11-21T05:10:58Z",
      Driver: "local",
      Labels: nothing,
      Mountpoint: "/var/lib/docker/volumes/data/_data",
      Name: "data",
      Options: nothing,
      Scope: "local"
    }
    const info = Either.getOrThrow(volumeInfo.decode(raw))
    deepStrictEqual([info.name, info.driver, info.labels, info.driverOptions], ["data", "local", {}, {}])
    assertSome(info.mountpoint, "/var/lib/docker/volumes/data/_data")
    assert.isTrue(Option.isSome(info.created))
  })
})
